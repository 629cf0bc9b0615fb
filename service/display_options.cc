#include "service/display_options.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
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

// As deploy/systemd/oriel.sysusers makes it.
constexpr char kDefaultLender[] = "oriel-borrow";

using DeviceOpener =
    std::function<absl::StatusOr<std::unique_ptr<capture::Device>>()>;

DeviceOpener OpenerOf(const config::v1::Display& display,
                      const InheritedFds* fds, Hotplug* hotplug) {
  if (display.has_inherited_fd()) {
    const capture::AdoptOptions options = {.edid_writes_allowed =
                                               display.allow_edid_writes()};
    return [name = display.inherited_fd().name(), fds,
            options]() -> absl::StatusOr<std::unique_ptr<capture::Device>> {
      ASSIGN_OR_RETURN(UniqueFd fd, fds->Duplicate(name));
      return capture::AdoptDeviceFd(std::move(fd), "inherited fd " + name,
                                    options);
    };
  }
  hotplug->Expect(display.group().device(), display.name());
  return [device = display.group().device(), links = hotplug->links()] {
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

capture::ScanPace PaceOf(const config::v1::Display& display) {
  return {.max_rate_hz = static_cast<int>(display.max_rate_hz()),
          .budget_per_second =
              std::chrono::milliseconds(display.scan_budget_ms_per_s())};
}

// Of a vfio-user display: its device is another process, which may stand still.
std::function<absl::StatusOr<std::unique_ptr<capture::FrameSource>>()>
InterruptibleOpen(const config::v1::Display& display,
                  const capture::FrameSourceOptions& source,
                  InterruptibleOpens* opens) {
  return [socket = display.vfio_user().socket(), source, opens] {
    return opens->Run(
        [&](const Interrupt& interrupt)
            -> absl::StatusOr<std::unique_ptr<capture::FrameSource>> {
          ASSIGN_OR_RETURN(std::unique_ptr<capture::Device> device,
                           capture::ConnectVfioUser(socket, interrupt));
          return capture::OpenDeviceFrameSource(std::move(device), source);
        });
  };
}

session::DisplayOptions OptionsOf(const config::v1::Display& display,
                                  const InheritedFds* fds, Hotplug* hotplug,
                                  InterruptibleOpens* opens) {
  session::DisplayOptions options;
  options.name = display.name();
  options.device = DescriptionOf(display);
  options.device_name = display.group().device();
  options.max_rate_hz = static_cast<int>(display.max_rate_hz());
  const capture::FrameSourceOptions source = {
      .framebuffer = FramebufferOf(display),
      .dma_bufs_allowed =
          !display.has_inherited_fd() || display.allow_dma_bufs(),
      .pace = PaceOf(display)};
  if (display.has_vfio_user()) {
    options.open = InterruptibleOpen(display, source, opens);
    return options;
  }
  options.open =
      [open = OpenerOf(display, fds, hotplug),
       source]() -> absl::StatusOr<std::unique_ptr<capture::FrameSource>> {
    ASSIGN_OR_RETURN(std::unique_ptr<capture::Device> device, open());
    return capture::OpenDeviceFrameSource(std::move(device), source);
  };
  return options;
}

}  // namespace

std::vector<session::DisplayOptions> DisplayOptionsOf(
    const config::v1::Config& config, const InheritedFds* fds, Hotplug* hotplug,
    InterruptibleOpens* opens) {
  std::vector<session::DisplayOptions> displays;
  std::set<std::string> named;
  for (const config::v1::Display& display : config.display()) {
    named.insert({display.name(), display.group().device(),
                  display.borrowed().device()});
    if (display.has_borrowed()) continue;
    displays.push_back(OptionsOf(display, fds, hotplug, opens));
  }
  if (!config.own_all_mdevs()) return displays;
  for (const std::string& uuid : capture::ListMdevs()) {
    if (named.contains(uuid)) continue;
    config::v1::Display display;
    display.set_name(uuid);
    display.mutable_group()->set_device(uuid);
    display.set_max_rate_hz(config::kDefaultRateHz);
    display.set_scan_budget_ms_per_s(config::kDefaultScanBudgetMsPerS);
    displays.push_back(OptionsOf(display, fds, hotplug, opens));
  }
  return displays;
}

absl::StatusOr<std::optional<offers::OfferServerOptions>> OfferOptionsOf(
    const config::v1::Config& config) {
  const config::v1::DevicesSocket& socket = config.devices_socket();
  if (socket.path() == config::kNoSocket) {
    return std::optional<offers::OfferServerOptions>();
  }
  offers::OfferServerOptions options;
  options.path = socket.path();
  options.mode = socket.mode();
  for (const std::string& user : socket.user()) {
    ASSIGN_OR_RETURN(const uid_t id, offers::FindUser(user));
    options.users.insert(id);
  }
  if (socket.user().empty()) {
    const absl::StatusOr<uid_t> id = offers::FindUser(kDefaultLender);
    if (id.ok()) options.users.insert(*id);
  }
  for (const config::v1::Display& display : config.display()) {
    if (!display.has_borrowed()) continue;
    options.displays.push_back(
        {.name = display.name(),
         .device = display.borrowed().device(),
         .vm = display.borrowed().vm(),
         .pace = PaceOf(display),
         .framebuffer = FramebufferOf(display),
         .edid_writes_allowed = display.allow_edid_writes(),
         .dma_bufs_allowed = display.allow_dma_bufs()});
  }
  return std::optional<offers::OfferServerOptions>(std::move(options));
}

}  // namespace oriel::service
