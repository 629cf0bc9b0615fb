#pragma once

#include <cstdint>

#include "base/picture/rect.h"

namespace oriel::encoder {

// Where content stood, relative to where it stands.
struct Shift {
  int32_t dx_px = 0;
  int32_t dy_px = 0;
  friend bool operator==(const Shift&, const Shift&) = default;
};

inline Rect Shifted(const Rect& rect, const Shift& shift) {
  return {rect.x_px + shift.dx_px, rect.y_px + shift.dy_px, rect.width_px,
          rect.height_px};
}

// The rectangle's pixels stood at SourceRect() in the reference.
struct Move {
  Rect rect;
  Shift source;
  Rect SourceRect() const { return Shifted(rect, source); }
  friend bool operator==(const Move&, const Move&) = default;
};

}  // namespace oriel::encoder
