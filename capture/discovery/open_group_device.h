#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "capture/device/device.h"
#include "capture/discovery/find_group.h"

namespace oriel::capture {

// OpenGroupDevice, or a test's stand-in for it.
using GroupDeviceOpener =
    std::function<absl::StatusOr<std::unique_ptr<OwnedDevice>>(
        const std::string& group_path, const std::string& name)>;

// Finds the group of `name` (an mdev's UUID or a PCI address) and opens the
// device. When the group is busy, kUnavailable names the processes that hold
// it: "held by qemu-system-x86 (pid 4711)". Other errors as FindGroupPath and
// OpenGroupDevice.
absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenDeviceByName(
    const std::string& name);
absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenDeviceByName(
    const std::string& name, const HostPaths& host,
    const GroupDeviceOpener& open);

}  // namespace oriel::capture
