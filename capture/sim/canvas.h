#pragma once

#include <cstdint>
#include <vector>

#include "base/picture/rect.h"

namespace oriel::capture::sim {

// 0xAARRGGBB, straight alpha.
using Color = uint32_t;

constexpr Color Opaque(uint32_t rgb) { return 0xFF000000u | rgb; }
constexpr Color WithAlpha(uint32_t rgb, uint32_t alpha) {
  return alpha << 24 | (rgb & 0xFFFFFFu);
}
// Every channel times factor / 255, rounded; two channels at once.
constexpr uint32_t ScaleChannels(uint32_t pixel, uint32_t factor) {
  uint32_t even = (pixel & 0x00FF00FF) * factor + 0x00800080;
  uint32_t odd = ((pixel >> 8) & 0x00FF00FF) * factor + 0x00800080;
  even = ((even + ((even >> 8) & 0x00FF00FF)) >> 8) & 0x00FF00FF;
  odd = (odd + ((odd >> 8) & 0x00FF00FF)) & 0xFF00FF00;
  return even | odd;
}
// `share` of 0 to 255 of `b`, the rest of `a`.
constexpr Color Mix(Color a, Color b, uint32_t share) {
  return ScaleChannels(a, 255 - share) + ScaleChannels(b, share);
}

struct Point {
  int32_t x_px = 0;
  int32_t y_px = 0;
};

// A drawing surface, 0xAARRGGBB with premultiplied alpha. Everything is
// clipped to it. Thread-compatible.
class Canvas {
 public:
  Canvas() = default;
  // Transparent.
  explicit Canvas(Size size);

  Size size() const { return size_; }
  Rect bounds() const { return Rect::Of(size_); }
  uint32_t* Row(int32_t y_px) {
    return pixels_.data() + size_t(y_px) * size_.width_px;
  }
  const uint32_t* Row(int32_t y_px) const {
    return pixels_.data() + size_t(y_px) * size_.width_px;
  }

  // Replaces, also transparent parts.
  void Clear(const Rect& rect, Color color);
  void Fill(const Rect& rect, Color color);
  void FillGradient(const Rect& rect, Color top, Color bottom);
  // Antialiased corners.
  void FillRounded(const Rect& rect, int32_t radius_px, Color color);
  void FillCircle(double x_px, double y_px, double radius_px, Color color);
  void Line(double x0_px, double y0_px, double x1_px, double y1_px,
            double width_px, Color color);
  // The soft shadow of a rounded rectangle, fading over `blur_px` around it.
  void Shadow(const Rect& rect, int32_t radius_px, int32_t blur_px,
              uint32_t alpha);
  // One pixel, `coverage` 0 to 255; outside: nothing.
  void Cover(int32_t x_px, int32_t y_px, Color color, uint32_t coverage);
  // `source` with its corner at `at`, only inside `clip`.
  void Blend(const Canvas& source, Point at, const Rect& clip);
  // The same for a source without transparent pixels there, faster.
  void Copy(const Canvas& source, Point at, const Rect& clip);
  // Moves what is inside `rect` up by `rows`; the rows at its bottom
  // keep what they had.
  void ScrollUp(const Rect& rect, int32_t rows);

 private:
  Size size_;
  std::vector<uint32_t> pixels_;
};

}  // namespace oriel::capture::sim
