#include "capture/sim/canvas.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace oriel::capture::sim {
namespace {

uint32_t Premultiply(Color color) {
  const uint32_t alpha = color >> 24;
  if (alpha == 255) return color;
  return (ScaleChannels(color | 0xFF000000u, alpha) & 0xFFFFFF) | alpha << 24;
}

uint32_t Over(uint32_t source, uint32_t below) {
  const uint32_t alpha = source >> 24;
  if (alpha == 255) return source;
  if (source == 0) return below;
  return source + ScaleChannels(below, 255 - alpha);
}

uint32_t Coverage(double amount) {
  return static_cast<uint32_t>(std::lround(std::clamp(amount, 0.0, 1.0) * 255));
}

// From the point to the rounded rectangle's edge; negative inside.
double Distance(const Rect& rect, double radius, double x, double y) {
  const double half_width = rect.width_px / 2.0;
  const double half_height = rect.height_px / 2.0;
  const double dx = std::abs(x - rect.x_px - half_width) - half_width + radius;
  const double dy =
      std::abs(y - rect.y_px - half_height) - half_height + radius;
  return std::hypot(std::max(dx, 0.0), std::max(dy, 0.0)) +
         std::min(std::max(dx, dy), 0.0) - radius;
}

}  // namespace

Canvas::Canvas(Size size)
    : size_(size), pixels_(static_cast<size_t>(size.AreaPx())) {}

void Canvas::Clear(const Rect& rect, Color color) {
  const Rect inside = Intersection(rect, bounds());
  const uint32_t value = Premultiply(color);
  for (int32_t y = inside.y_px; y < inside.bottom_px(); ++y) {
    std::fill_n(Row(y) + inside.x_px, inside.width_px, value);
  }
}

void Canvas::Fill(const Rect& rect, Color color) {
  const Rect inside = Intersection(rect, bounds());
  const uint32_t value = Premultiply(color);
  for (int32_t y = inside.y_px; y < inside.bottom_px(); ++y) {
    uint32_t* row = Row(y);
    for (int32_t x = inside.x_px; x < inside.right_px(); ++x) {
      row[x] = Over(value, row[x]);
    }
  }
}

void Canvas::FillGradient(const Rect& rect, Color top, Color bottom) {
  for (int32_t y = 0; y < rect.height_px; ++y) {
    const auto share = static_cast<uint32_t>(int64_t{y} * 255 /
                                             std::max(1, rect.height_px - 1));
    Fill({rect.x_px, rect.y_px + y, rect.width_px, 1}, Mix(top, bottom, share));
  }
}

void Canvas::FillRounded(const Rect& rect, int32_t radius_px, Color color) {
  const int32_t radius =
      std::min({radius_px, rect.width_px / 2, rect.height_px / 2});
  const Rect inside = Intersection(rect, bounds());
  const uint32_t value = Premultiply(color);
  for (int32_t y = inside.y_px; y < inside.bottom_px(); ++y) {
    const bool corners =
        y < rect.y_px + radius || y >= rect.bottom_px() - radius;
    uint32_t* row = Row(y);
    for (int32_t x = inside.x_px; x < inside.right_px(); ++x) {
      if (corners &&
          (x < rect.x_px + radius || x >= rect.right_px() - radius)) {
        Cover(x, y, color,
              Coverage(0.5 - Distance(rect, radius, x + 0.5, y + 0.5)));
      } else {
        row[x] = Over(value, row[x]);
      }
    }
  }
}

void Canvas::FillCircle(double x_px, double y_px, double radius_px,
                        Color color) {
  const auto left = static_cast<int32_t>(std::floor(x_px - radius_px - 1));
  const auto top = static_cast<int32_t>(std::floor(y_px - radius_px - 1));
  const auto side = static_cast<int32_t>(std::ceil(2 * radius_px + 3));
  const Rect inside = Intersection({left, top, side, side}, bounds());
  for (int32_t y = inside.y_px; y < inside.bottom_px(); ++y) {
    for (int32_t x = inside.x_px; x < inside.right_px(); ++x) {
      const double distance = std::hypot(x + 0.5 - x_px, y + 0.5 - y_px);
      Cover(x, y, color, Coverage(radius_px - distance + 0.5));
    }
  }
}

void Canvas::Line(double x0_px, double y0_px, double x1_px, double y1_px,
                  double width_px, Color color) {
  const double reach = width_px / 2 + 1;
  const auto left = static_cast<int32_t>(std::min(x0_px, x1_px) - reach);
  const auto top = static_cast<int32_t>(std::min(y0_px, y1_px) - reach);
  const auto right = static_cast<int32_t>(std::max(x0_px, x1_px) + reach + 1);
  const auto bottom = static_cast<int32_t>(std::max(y0_px, y1_px) + reach + 1);
  const Rect inside =
      Intersection({left, top, right - left, bottom - top}, bounds());
  const double dx = x1_px - x0_px;
  const double dy = y1_px - y0_px;
  const double square = std::max(dx * dx + dy * dy, 1e-9);
  for (int32_t y = inside.y_px; y < inside.bottom_px(); ++y) {
    for (int32_t x = inside.x_px; x < inside.right_px(); ++x) {
      const double px = x + 0.5 - x0_px;
      const double py = y + 0.5 - y0_px;
      const double along = std::clamp((px * dx + py * dy) / square, 0.0, 1.0);
      const double distance = std::hypot(px - along * dx, py - along * dy);
      Cover(x, y, color, Coverage(width_px / 2 - distance + 0.5));
    }
  }
}

void Canvas::Shadow(const Rect& rect, int32_t radius_px, int32_t blur_px,
                    uint32_t alpha) {
  const Rect around = {rect.x_px - blur_px, rect.y_px - blur_px,
                       rect.width_px + 2 * blur_px,
                       rect.height_px + 2 * blur_px};
  const Rect inside = Intersection(around, bounds());
  for (int32_t y = inside.y_px; y < inside.bottom_px(); ++y) {
    for (int32_t x = inside.x_px; x < inside.right_px(); ++x) {
      const double distance =
          std::max(0.0, Distance(rect, radius_px, x + 0.5, y + 0.5));
      const double left = std::max(0.0, 1 - distance / blur_px);
      Cover(x, y, WithAlpha(0, alpha), Coverage(left * left));
    }
  }
}

void Canvas::Cover(int32_t x_px, int32_t y_px, Color color, uint32_t coverage) {
  if (coverage == 0 || x_px < 0 || y_px < 0 || x_px >= size_.width_px ||
      y_px >= size_.height_px) {
    return;
  }
  uint32_t& pixel = Row(y_px)[x_px];
  pixel = Over(ScaleChannels(Premultiply(color), coverage), pixel);
}

void Canvas::Copy(const Canvas& source, Point at, const Rect& clip) {
  const Rect placed = {at.x_px, at.y_px, source.size().width_px,
                       source.size().height_px};
  const Rect inside = Intersection(Intersection(placed, clip), bounds());
  for (int32_t y = inside.y_px; y < inside.bottom_px(); ++y) {
    std::memcpy(Row(y) + inside.x_px,
                source.Row(y - at.y_px) + (inside.x_px - at.x_px),
                size_t(inside.width_px) * sizeof(uint32_t));
  }
}

void Canvas::Blend(const Canvas& source, Point at, const Rect& clip) {
  const Rect placed = {at.x_px, at.y_px, source.size().width_px,
                       source.size().height_px};
  const Rect inside = Intersection(Intersection(placed, clip), bounds());
  for (int32_t y = inside.y_px; y < inside.bottom_px(); ++y) {
    const uint32_t* from = source.Row(y - at.y_px) + (inside.x_px - at.x_px);
    uint32_t* to = Row(y) + inside.x_px;
    for (int32_t i = 0; i < inside.width_px; ++i) to[i] = Over(from[i], to[i]);
  }
}

void Canvas::ScrollUp(const Rect& rect, int32_t rows) {
  const Rect inside = Intersection(rect, bounds());
  for (int32_t y = inside.y_px; y + rows < inside.bottom_px(); ++y) {
    std::memcpy(Row(y) + inside.x_px, Row(y + rows) + inside.x_px,
                size_t(inside.width_px) * sizeof(uint32_t));
  }
}

}  // namespace oriel::capture::sim
