#include <algorithm>
#include <cstring>
#include <numeric>

#include "capture/igd/layout.h"
#include "capture/igd/op_region.h"

namespace oriel::capture::igd {
namespace {

constexpr size_t kMaxChildren = 16;
// BDB 221's children have 39 bytes (intel_bios.c, parse_general_definitions).
constexpr uint16_t kBuiltBdbVersion = 221;
constexpr size_t kBuiltChildBytes = 39;

void PutLe(std::vector<uint8_t>& out, size_t offset, uint64_t value,
           size_t count_bytes) {
  for (size_t i = 0; i < count_bytes; ++i) {
    out[offset + i] = static_cast<uint8_t>(value >> (8 * i));
  }
}

std::vector<uint8_t> GeneralDefinitions(
    const std::vector<ChildDevice>& children) {
  const size_t count = std::min(children.size(), kMaxChildren);
  std::vector<uint8_t> block(layout::kBlockHeaderBytes + layout::kChildren +
                             count * kBuiltChildBytes);
  block[0] = layout::kGeneralDefinitions;
  PutLe(block, 1, block.size() - layout::kBlockHeaderBytes, 2);
  block[layout::kBlockHeaderBytes + layout::kChildSize] = kBuiltChildBytes;
  for (size_t i = 0; i < count; ++i) {
    const size_t at =
        layout::kBlockHeaderBytes + layout::kChildren + i * kBuiltChildBytes;
    const ChildDevice& child = children[i];
    PutLe(block, at + layout::kChildHandle, child.handle, 2);
    PutLe(block, at + layout::kChildDeviceType, child.device_type, 2);
    block[at + layout::kChildDvoPort] = child.dvo_port;
    block[at + layout::kChildDdcPin] = child.ddc_pin;
    block[at + layout::kChildAuxChannel] = child.aux_channel;
  }
  return block;
}

std::vector<uint8_t> BuildVbt(const std::vector<ChildDevice>& children) {
  const std::vector<uint8_t> block = GeneralDefinitions(children);
  const size_t bdb_bytes = layout::kBdbHeaderBytes + block.size();
  std::vector<uint8_t> vbt(layout::kVbtHeaderBytes + bdb_bytes);
  const char name[] = "$VBT ORIEL-SIM      ";
  static_assert(sizeof(name) == layout::kVbtNameBytes + 1);
  std::memcpy(vbt.data(), name, layout::kVbtNameBytes);
  PutLe(vbt, layout::kVbtVersion, 100, 2);
  PutLe(vbt, layout::kVbtHeaderSize, layout::kVbtHeaderBytes, 2);
  PutLe(vbt, layout::kVbtTableSize, vbt.size(), 2);
  PutLe(vbt, layout::kVbtBdbOffset, layout::kVbtHeaderBytes, 4);
  const size_t bdb = layout::kVbtHeaderBytes;
  std::memcpy(&vbt[bdb], layout::kBdbSignature, layout::kBdbSignatureBytes);
  PutLe(vbt, bdb + layout::kBdbVersion, kBuiltBdbVersion, 2);
  PutLe(vbt, bdb + layout::kBdbHeaderSize, layout::kBdbHeaderBytes, 2);
  PutLe(vbt, bdb + layout::kBdbSize, bdb_bytes, 2);
  std::copy(block.begin(), block.end(),
            vbt.begin() + bdb + layout::kBdbHeaderBytes);
  const int sum = std::accumulate(vbt.begin(), vbt.end(), 0);
  vbt[layout::kVbtChecksum] = static_cast<uint8_t>(-sum);
  return vbt;
}

}  // namespace

std::vector<uint8_t> BuildOpRegion(const std::vector<ChildDevice>& children) {
  std::vector<uint8_t> region(kOpRegionBytes);
  std::memcpy(region.data(), layout::kSignature, layout::kSignatureBytes);
  PutLe(region, layout::kSizeKib, kOpRegionBytes / 1024, 4);
  region[layout::kMinor] = 1;
  region[layout::kMajor] = 2;
  PutLe(region, layout::kMailboxes,
        kMailboxAcpi | kMailboxSwsci | kMailboxAsle | kMailboxVbt, 4);
  region[layout::kAcpiLidState] = 1;  // open
  const std::vector<uint8_t> vbt = BuildVbt(children);
  std::copy(vbt.begin(), vbt.end(), region.begin() + layout::kMailboxVbtStart);
  return region;
}

}  // namespace oriel::capture::igd
