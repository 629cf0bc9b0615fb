#include "capture/discovery/open_group_device.h"

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/device/open_device.h"
#include "capture/discovery/holders.h"

namespace oriel::capture {

absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenDeviceByName(
    const std::string& name, const HostPaths& host,
    const GroupDeviceOpener& open) {
  ASSIGN_OR_RETURN(const std::string device, CanonicalDeviceName(name));
  ASSIGN_OR_RETURN(const std::string group_path, FindGroupPath(device, host));
  absl::StatusOr<std::unique_ptr<OwnedDevice>> opened =
      open(group_path, device);
  if (!absl::IsUnavailable(opened.status())) return opened;
  return absl::UnavailableError(
      absl::StrFormat("%s; %s", std::string(opened.status().message()),
                      DescribeHolders(FindHolders(group_path, host.proc))));
}

absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenDeviceByName(
    const std::string& name) {
  return OpenDeviceByName(
      name, HostPaths{},
      [](const std::string& group_path, const std::string& device) {
        return OpenGroupDevice(group_path, device);
      });
}

}  // namespace oriel::capture
