#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "capture/device/device.h"
#include "capture/display/plane_info.h"

namespace oriel::capture {

// How the device hands out its primary plane; in a region where it has both
// ways, because any CPU can read that. kFailedPrecondition says what it has
// instead and what can be done; kUnavailable passes through.
absl::StatusOr<PlaneKind> ProbePlaneKind(Device& device, bool dma_bufs_allowed);

// The primary plane now; empty when it is off. Answers that drivers give only
// while the guest changes its mode are asked again a few times at once. Errors
// are ParsePlaneInfo's and the device's.
absl::StatusOr<std::optional<PlaneLayout>> QueryPrimaryPlane(Device& device,
                                                             PlaneKind kind);

// What the driver says of its cursor plane, unchecked; asked again likewise.
absl::StatusOr<vfio_device_gfx_plane_info> QueryCursorPlane(Device& device,
                                                            PlaneKind kind);

}  // namespace oriel::capture
