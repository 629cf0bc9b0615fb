#pragma once

#include "absl/status/statusor.h"
#include "capture/borrow/host.h"

namespace oriel::capture {

// What a VFIO device behind an fd tells of itself; only read. An error: it is
// no VFIO device, or not ready.
absl::StatusOr<DeviceFacts> ReadDeviceFacts(int fd);

}  // namespace oriel::capture
