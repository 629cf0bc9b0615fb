#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/device/device.h"
#include "capture/display/plane_info.h"

namespace oriel::capture {

// Whether the device has a primary plane in a region. kFailedPrecondition says
// what it has instead and what can be done; kUnavailable passes through.
absl::Status ProbeRegionPlane(Device& device);

// The primary plane now; empty when it is off. Answers that drivers give only
// while the guest changes its mode are asked again a few times at once. Errors
// are ParsePlaneInfo's and the device's.
absl::StatusOr<std::optional<PlaneLayout>> QueryRegionPlane(Device& device);

}  // namespace oriel::capture
