#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "capture/display/frame_source.h"

namespace oriel::session {

inline constexpr char kPlaneOffReason[] =
    "the device scans out nothing: often the guest's driver has not started";

// What a display shows as of one scan.
struct PlaneEvent {
  // The generation is the display's, not the source's. The plane is off also
  // when it cannot be read.
  capture::Frame frame;
  std::string reason;  // of a plane that is off, or cannot be read
};

// Numbers a display's generations over all its sources and over scans that
// fail: a viewer's picture never outlives a time in which nobody knew what the
// plane showed. Thread-compatible.
class PlaneTracker {
 public:
  // Another source; its first frame begins a generation.
  void Attach() { continues_ = false; }
  PlaneEvent Scanned(capture::Frame frame);
  PlaneEvent Failed(const absl::Status& error);

 private:
  uint32_t generation_ = 0;
  // Whether the event before was a good frame of source_generation_.
  bool continues_ = false;
  uint32_t source_generation_ = 0;
  std::string failure_;  // empty after a good frame
};

}  // namespace oriel::session
