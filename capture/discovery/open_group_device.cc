#include "capture/discovery/open_group_device.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/device/open_device.h"
#include "capture/discovery/holders.h"

namespace oriel::capture {

absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenDeviceByName(
    const std::string& name, LinkWatch& links, const HostPaths& host,
    const GroupDeviceOpener& open) {
  ASSIGN_OR_RETURN(const std::string device, CanonicalDeviceName(name));
  ASSIGN_OR_RETURN(const std::string group_path, FindGroupPath(device, host));
  // Before it is opened: a link that goes meanwhile is missed otherwise. And a
  // device that a driver is giving up must not be taken again, which would
  // keep the one who takes it away waiting.
  ASSIGN_OR_RETURN(DeviceLink link, FindDeviceLink(device, host));
  ASSIGN_OR_RETURN(const std::shared_ptr<HangupEvent> hangup,
                   HangupEvent::Create());
  absl::StatusOr<std::unique_ptr<OwnedDevice>> opened =
      open(group_path, device, hangup);
  if (opened.ok()) links.Watch(std::move(link), hangup);
  if (!absl::IsUnavailable(opened.status())) return opened;
  return absl::UnavailableError(
      absl::StrFormat("%s; %s", std::string(opened.status().message()),
                      DescribeHolders(FindHolders(group_path, host.proc))));
}

absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenDeviceByName(
    const std::string& name, LinkWatch& links) {
  return OpenDeviceByName(
      name, links, HostPaths{},
      [](const std::string& group_path, const std::string& device,
         std::shared_ptr<HangupEvent> hangup) {
        return OpenGroupDevice(group_path, device, std::move(hangup));
      });
}

}  // namespace oriel::capture
