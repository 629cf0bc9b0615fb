#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "base/picture/rect.h"
#include "capture/display/frame_source.h"

namespace oriel::snapshot {

struct Snapshot {
  std::string png;  // RGB, eight bits a channel
  Size size;
  // The PNG has the plane's pixels: neither converted nor scaled, and no
  // pointer of another plane on them.
  bool exact = false;
};

struct SnapshotOptions {
  // Scales down, keeping the shape; 0: as it is.
  uint32_t max_width_px = 0;
  // Draws the pointer where the device has a plane of its own for it.
  bool with_cursor = true;
};

// Takes milliseconds to a second: not for threads that serve others.
// kFailedPrecondition: the plane is off.
absl::StatusOr<Snapshot> MakeSnapshot(const capture::Frame& frame,
                                      const SnapshotOptions& options);

}  // namespace oriel::snapshot
