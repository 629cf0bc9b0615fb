// find_region DEVICE TYPE SUBTYPE: finds a region by type and subtype with
// Oriel's own code and prints it as JSON, with its first bytes.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/device/device.h"
#include "capture/discovery/open_group_device.h"
#include "capture/region/region_info.h"

namespace oriel::capture {
namespace {

constexpr size_t kHeadBytes = 32;

absl::StatusOr<std::string> Describe(const std::string& name, RegionType type) {
  LinkWatch links;
  ASSIGN_OR_RETURN(std::unique_ptr<OwnedDevice> device,
                   OpenDeviceByName(name, links));
  ASSIGN_OR_RETURN(Region region, FindRegion(*device, type));
  std::vector<uint8_t> head(kHeadBytes);
  ASSIGN_OR_RETURN(size_t head_size, device->Read(region.address, 0, head));
  std::string hex;
  for (size_t i = 0; i < head_size; ++i)
    hex += absl::StrFormat("%02x", head[i]);
  return nlohmann::json{{"index", region.address.index},
                        {"size_bytes", region.size_bytes},
                        {"readable", region.readable()},
                        {"mappable", !region.mappable_areas.empty()},
                        {"head", hex}}
      .dump();
}

int Main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: find_region DEVICE TYPE SUBTYPE\n");
    return 2;
  }
  const RegionType type{
      static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 0)),
      static_cast<uint32_t>(std::strtoul(argv[3], nullptr, 0))};
  absl::StatusOr<std::string> text = Describe(argv[1], type);
  if (!text.ok()) {
    std::fprintf(stderr, "%s\n", std::string(text.status().message()).c_str());
    return 1;
  }
  std::printf("%s\n", text->c_str());
  return 0;
}

}  // namespace
}  // namespace oriel::capture

int main(int argc, char** argv) { return oriel::capture::Main(argc, argv); }
