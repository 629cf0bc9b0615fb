#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "capture/device/device.h"
#include "capture/display/frame_source.h"
#include "capture/display/plane_info.h"
#include "capture/display/plane_memory.h"

namespace oriel::capture {

// The cursor plane beside a device's primary plane. Whatever is wrong with it,
// the primary plane is shown all the same: so nothing here fails, and what
// failed is left alone for a second. Thread-bound.
class CursorPlane {
 public:
  // Both outlive it.
  CursorPlane(Device& device, PlaneMemory& memory)
      : device_(device), memory_(memory) {}

  // The pointer now; empty: the device has no cursor plane of its own.
  // `primary` is the plane as last asked for. One that rests is asked about
  // less often, unless `at_once`; what it said last is returned meanwhile.
  std::optional<Cursor> Query(PlaneKind kind, const PlaneLayout& primary,
                              Time now, bool at_once);
  // While the primary plane is off.
  std::optional<Cursor> Hidden();
  // As it was told last.
  const std::optional<Cursor>& last() const { return last_; }
  // When an answer differed from the one before.
  Time moved_at() const { return moved_at_; }

 private:
  std::shared_ptr<const CursorShape> ReadShape(const PlaneLayout& layout,
                                               Time now);
  absl::Status ReadPixels(const PlaneLayout& layout,
                          std::vector<uint8_t>& pixels);

  Device& device_;
  PlaneMemory& memory_;
  std::optional<Cursor> last_;
  int failures_ = 0;           // one after the other
  Time ask_at_ = Time::min();  // after a failure; `at_once` or not
  Time due_at_ = Time::min();
  Time moved_at_ = Time::min();

  // The shape that was read last, as the plane had it.
  std::shared_ptr<const CursorShape> shape_;
  PixelFormat shape_format_;
  std::vector<uint8_t> shape_pixels_;
  Time read_at_ = Time::min();  // after a failure
};

}  // namespace oriel::capture
