// set_edid DEVICE WIDTH HEIGHT: plugs a monitor in with Oriel's code, and
// prints as JSON what the device then says.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status_macros.h"
#include "capture/device/device.h"
#include "capture/discovery/link_watch.h"
#include "capture/discovery/open_group_device.h"
#include "capture/display/edid_region.h"
#include "capture/edid/edid.h"

namespace oriel::capture {
namespace {

absl::StatusOr<std::string> Plug(const std::string& name,
                                 const edid::Mode& mode) {
  LinkWatch links;
  ASSIGN_OR_RETURN(std::unique_ptr<OwnedDevice> device,
                   OpenDeviceByName(name, links));
  ASSIGN_OR_RETURN(const EdidRegion region, FindEdidRegion(*device));
  ASSIGN_OR_RETURN(const std::vector<uint8_t> blob,
                   EdidFor(region.limits, edid::Monitor{.preferred = mode}));
  RETURN_IF_ERROR(WriteEdid(*device, region, blob, [](Duration duration) {
    std::this_thread::sleep_for(duration);
  }));
  ASSIGN_OR_RETURN(const EdidState state, ReadEdid(*device, region));
  std::string hex;
  for (const uint8_t byte : state.blob) hex += absl::StrFormat("%02x", byte);
  return nlohmann::json{{"link_up", state.link == MonitorLink::kUp},
                        {"blob", hex},
                        {"max_width_px", region.limits.max_width_px},
                        {"max_height_px", region.limits.max_height_px}}
      .dump();
}

}  // namespace
}  // namespace oriel::capture

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: set_edid DEVICE WIDTH HEIGHT\n");
    return 2;
  }
  oriel::capture::edid::Mode mode;
  mode.width_px = std::atoi(argv[2]);
  mode.height_px = std::atoi(argv[3]);
  const absl::StatusOr<std::string> text = oriel::capture::Plug(argv[1], mode);
  if (!text.ok()) {
    std::fprintf(stderr, "%s\n", std::string(text.status().message()).c_str());
    return 1;
  }
  std::printf("%s\n", text->c_str());
  return 0;
}
