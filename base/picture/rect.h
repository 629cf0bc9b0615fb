#pragma once

#include <algorithm>
#include <cstdint>

namespace oriel {

struct Point {
  int32_t x_px = 0;
  int32_t y_px = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

struct Size {
  int32_t width_px = 0;
  int32_t height_px = 0;

  bool empty() const { return width_px <= 0 || height_px <= 0; }
  int64_t AreaPx() const { return empty() ? 0 : int64_t{width_px} * height_px; }
  friend bool operator==(const Size&, const Size&) = default;
};

// Half open: covers x_px <= x < right_px(), y_px <= y < bottom_px().
struct Rect {
  int32_t x_px = 0;
  int32_t y_px = 0;
  int32_t width_px = 0;
  int32_t height_px = 0;

  static Rect Of(Size size) { return {0, 0, size.width_px, size.height_px}; }

  int32_t right_px() const { return x_px + width_px; }
  int32_t bottom_px() const { return y_px + height_px; }
  bool empty() const { return width_px <= 0 || height_px <= 0; }
  int64_t AreaPx() const { return empty() ? 0 : int64_t{width_px} * height_px; }
  bool Contains(const Rect& other) const {
    return x_px <= other.x_px && y_px <= other.y_px &&
           right_px() >= other.right_px() && bottom_px() >= other.bottom_px();
  }
  friend bool operator==(const Rect&, const Rect&) = default;
};

// Empty (all zero) when the two do not meet.
inline Rect Intersection(const Rect& a, const Rect& b) {
  const int32_t x = std::max(a.x_px, b.x_px);
  const int32_t y = std::max(a.y_px, b.y_px);
  const int32_t width = std::min(a.right_px(), b.right_px()) - x;
  const int32_t height = std::min(a.bottom_px(), b.bottom_px()) - y;
  if (width <= 0 || height <= 0) return {};
  return {x, y, width, height};
}

// The smallest rectangle around both; an empty one adds nothing.
inline Rect BoundsOf(const Rect& a, const Rect& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  const int32_t x = std::min(a.x_px, b.x_px);
  const int32_t y = std::min(a.y_px, b.y_px);
  return {x, y, std::max(a.right_px(), b.right_px()) - x,
          std::max(a.bottom_px(), b.bottom_px()) - y};
}

}  // namespace oriel
