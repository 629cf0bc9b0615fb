#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "capture/device/device.h"

namespace oriel::capture {

// Finds the group of `name` (an mdev's UUID or a PCI address) and opens the
// device. When the group is busy, kUnavailable names the processes that hold
// it: "held by qemu-system-x86 (pid 4711)".
absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenDeviceByName(
    const std::string& name);

}  // namespace oriel::capture
