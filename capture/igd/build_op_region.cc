#include <algorithm>
#include <cstring>

#include "capture/igd/build_vbt.h"
#include "capture/igd/layout.h"
#include "capture/igd/little_endian.h"
#include "capture/igd/op_region.h"

namespace oriel::capture::igd {
namespace {

constexpr size_t kMaxChildren = 16;
constexpr uint16_t kBuiltBdbVersion = 221;

}  // namespace

std::vector<uint8_t> BuildOpRegion(const std::vector<ChildDevice>& children) {
  std::vector<uint8_t> region(kOpRegionBytes);
  std::memcpy(region.data(), layout::kSignature, layout::kSignatureBytes);
  WriteLe(std::span(region), layout::kSizeKib,
          static_cast<uint32_t>(kOpRegionBytes / 1024));
  region[layout::kMinor] = 1;
  region[layout::kMajor] = 2;
  WriteLe(std::span(region), layout::kMailboxes,
          kMailboxAcpi | kMailboxSwsci | kMailboxAsle | kMailboxVbt);
  region[layout::kAcpiLidState] = 1;  // open
  const std::vector<ChildDevice> first(
      children.begin(),
      children.begin() + std::min(children.size(), kMaxChildren));
  const std::vector<uint8_t> vbt = VbtBuilder(kBuiltBdbVersion)
                                       .SetName("ORIEL-SIM")
                                       .AddChildren(first)
                                       .Build();
  std::ranges::copy(vbt, region.begin() + layout::kMailboxVbtStart);
  return region;
}

}  // namespace oriel::capture::igd
