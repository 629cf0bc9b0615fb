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
  // The PNG has the plane's pixels: neither converted nor scaled.
  bool exact = false;
};

// Takes milliseconds to a second: not for threads that serve others.
// `max_width_px` scales down, keeping the shape; 0: as it is.
// kFailedPrecondition: the plane is off.
absl::StatusOr<Snapshot> MakeSnapshot(const capture::Frame& frame,
                                      uint32_t max_width_px);

}  // namespace oriel::snapshot
