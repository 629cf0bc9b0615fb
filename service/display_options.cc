#include "service/display_options.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/picture/pixel_format.h"
#include "base/status_macros.h"
#include "capture/device/open_device.h"
#include "capture/discovery/find_group.h"
#include "capture/discovery/open_group_device.h"
#include "capture/display/device_frame_source.h"

namespace oriel::service {
namespace {

using DeviceOpener =
    std::function<absl::StatusOr<std::unique_ptr<capture::Device>>()>;

DeviceOpener OpenerOf(const config::v1::Display& display,
                      const InheritedFds* fds, capture::LinkWatch* links) {
  if (display.has_vfio_user()) {
    return [socket = display.vfio_user().socket()] {
      return capture::ConnectVfioUser(socket);
    };
  }
  if (display.has_inherited_fd()) {
    return [name = display.inherited_fd().name(),
            fds]() -> absl::StatusOr<std::unique_ptr<capture::Device>> {
      ASSIGN_OR_RETURN(UniqueFd fd, fds->Duplicate(name));
      return capture::AdoptDeviceFd(std::move(fd), "inherited fd " + name);
    };
  }
  return [device = display.group().device(), links] {
    return capture::OpenDeviceByName(device, *links);
  };
}

std::string DescriptionOf(const config::v1::Display& display) {
  if (display.has_vfio_user()) {
    return "vfio-user socket " + display.vfio_user().socket();
  }
  if (display.has_inherited_fd()) {
    return "inherited fd " + display.inherited_fd().name();
  }
  const std::string& device = display.group().device();
  return (device.find(':') == std::string::npos ? "mdev " : "PCI device ") +
         device;
}

std::optional<capture::VendorFramebuffer> FramebufferOf(
    const config::v1::Display& display) {
  if (!display.has_framebuffer()) return std::nullopt;
  const config::v1::Framebuffer& from = display.framebuffer();
  capture::VendorFramebuffer framebuffer;
  framebuffer.region_type = {from.region_type(), from.region_subtype()};
  framebuffer.offset_bytes = from.offset_bytes();
  framebuffer.stride_bytes = from.stride_bytes();
  framebuffer.format.fourcc = FourccFromName(from.fourcc());
  framebuffer.size = {static_cast<int32_t>(from.width_px()),
                      static_cast<int32_t>(from.height_px())};
  return framebuffer;
}

session::DisplayOptions OptionsOf(const config::v1::Display& display,
                                  const InheritedFds* fds,
                                  capture::LinkWatch* links) {
  session::DisplayOptions options;
  options.name = display.name();
  options.device = DescriptionOf(display);
  options.max_rate_hz = static_cast<int>(display.max_rate_hz());
  options.open = [open = OpenerOf(display, fds, links),
                  framebuffer = FramebufferOf(display)]()
      -> absl::StatusOr<std::unique_ptr<capture::FrameSource>> {
    ASSIGN_OR_RETURN(std::unique_ptr<capture::Device> device, open());
    return capture::OpenDeviceFrameSource(std::move(device), {framebuffer});
  };
  return options;
}

}  // namespace

std::vector<session::DisplayOptions> DisplayOptionsOf(
    const config::v1::Config& config, const InheritedFds* fds,
    capture::LinkWatch* links) {
  std::vector<session::DisplayOptions> displays;
  for (const config::v1::Display& display : config.display()) {
    displays.push_back(OptionsOf(display, fds, links));
  }
  if (config.display_size() > 0) return displays;
  for (const std::string& uuid : capture::ListMdevs()) {
    config::v1::Display display;
    display.set_name(uuid);
    display.mutable_group()->set_device(uuid);
    display.set_max_rate_hz(config::kDefaultRateHz);
    displays.push_back(OptionsOf(display, fds, links));
  }
  return displays;
}

}  // namespace oriel::service
