#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "capture/device/device.h"
#include "capture/device/hangup_event.h"
#include "capture/discovery/find_group.h"
#include "capture/discovery/link_watch.h"

namespace oriel::capture {

// OpenGroupDevice, or a test's stand-in for it.
using GroupDeviceOpener =
    std::function<absl::StatusOr<std::unique_ptr<OwnedDevice>>(
        const std::string& group_path, const std::string& name,
        std::shared_ptr<HangupEvent> hangup)>;

// Finds the group of `name` (an mdev's UUID or a PCI address) and opens the
// device, which `links` watches until it is closed: its hangup_fd reports when
// its driver asks for it, and when its place in sysfs goes. When the group is
// busy, kUnavailable names the processes that hold
// it: "held by qemu-system-x86 (pid 4711)". Other errors as FindGroupPath and
// OpenGroupDevice.
absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenDeviceByName(
    const std::string& name, LinkWatch& links);
absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenDeviceByName(
    const std::string& name, LinkWatch& links, const HostPaths& host,
    const GroupDeviceOpener& open);

}  // namespace oriel::capture
