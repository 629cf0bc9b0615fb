#pragma once

#include <linux/vfio.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/picture/rect.h"
#include "capture/display/plane_info.h"

namespace oriel::capture {

// Larger ones are no pointers.
inline constexpr int32_t kMaxCursorSidePx = 512;

// What a device answered when it was asked for its cursor plane.
struct CursorInfo {
  // False: it has none; it repeats the primary plane, as mdpy does, or
  // something else that is no pointer.
  bool is_pointer = false;
  // False: the pointer is nowhere.
  bool visible = false;
  Point at;  // the shape's left upper corner; can be outside the picture
  std::optional<Point> hot_spot;
  // Empty: the shape cannot be read.
  std::optional<PlaneLayout> shape;
};

// Numbers that contradict each other make a pointer that is nowhere. `primary`
// was asked for just before.
CursorInfo ParseCursorInfo(const vfio_device_gfx_plane_info& info,
                           PlaneKind kind, const PlaneLayout& primary);

// A shape's pixels as straight-alpha BGRA: of a checked layout, `pixels` being
// its rows without gaps. Formats without alpha are opaque. Alpha is
// premultiplied, as DRM's planes are, unless a colour exceeds it.
std::vector<uint8_t> ToStraightAlpha(const PlaneLayout& layout,
                                     std::span<const uint8_t> pixels);

}  // namespace oriel::capture
