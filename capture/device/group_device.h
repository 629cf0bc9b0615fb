#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "capture/device/device.h"
#include "capture/device/hangup_event.h"
#include "capture/device/kernel_calls.h"
#include "capture/device/open_device.h"

namespace oriel::capture {

// OpenGroupDevice and AdoptDeviceFd of open_device.h over `calls`, which
// outlives the device.
absl::StatusOr<std::unique_ptr<OwnedDevice>> OpenGroupDeviceWith(
    KernelCalls& calls, const std::string& group_path, const std::string& name,
    std::shared_ptr<HangupEvent> hangup, const std::string& container_path);
absl::StatusOr<std::unique_ptr<Device>> AdoptDeviceFdWith(
    KernelCalls& calls, UniqueFd fd, const std::string& what,
    const AdoptOptions& options = {});

}  // namespace oriel::capture
