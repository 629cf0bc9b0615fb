#include "capture/sim/wallpaper.h"

#include <algorithm>
#include <cmath>

namespace oriel::capture::sim {
namespace {

struct Stop {
  double at;  // 0 top, 1 bottom
  Color color;
};

constexpr Stop kSky[] = {{0.00, Opaque(0x1E2A4A)}, {0.28, Opaque(0x3C4A78)},
                         {0.46, Opaque(0x7A6490)}, {0.58, Opaque(0xC98A8C)},
                         {0.68, Opaque(0xF0B58A)}, {1.00, Opaque(0xF7D9A8)}};

Color SkyColor(double at) {
  for (size_t i = 1; i < std::size(kSky); ++i) {
    if (at > kSky[i].at && i + 1 < std::size(kSky)) continue;
    const double share = (at - kSky[i - 1].at) / (kSky[i].at - kSky[i - 1].at);
    return Mix(kSky[i - 1].color, kSky[i].color,
               static_cast<uint32_t>(std::clamp(share, 0.0, 1.0) * 255));
  }
  return kSky[0].color;
}

void DrawSun(Canvas& canvas) {
  const double x = canvas.size().width_px * 0.515;
  const double y = canvas.size().height_px * 0.60;
  const double radius = canvas.size().height_px * 0.055;
  for (int32_t py = 0; py < canvas.size().height_px; ++py) {
    for (int32_t px = 0; px < canvas.size().width_px; ++px) {
      const double away = std::hypot(px - x, py - y) / radius;
      const double glow = std::exp(-away * 0.32) * 150;
      canvas.Cover(px, py, Opaque(0xFFE3B0), static_cast<uint32_t>(glow));
    }
  }
  canvas.FillCircle(x, y, radius, Opaque(0xFFF1D2));
}

void DrawRange(Canvas& canvas, double top, double swing, double scale,
               double phase, Color upper, Color lower) {
  const Size size = canvas.size();
  for (int32_t x = 0; x < size.width_px; ++x) {
    const double u = scale * x / std::max(1, size.height_px) + phase;
    const double wave = 0.6 * std::sin(u) + 0.26 * std::sin(2.17 * u + 1.3) +
                        0.1 * std::sin(5.3 * u + 0.7) +
                        0.04 * std::sin(11.9 * u + 2.9);
    const double edge = size.height_px * (top - swing * wave);
    const auto first = static_cast<int32_t>(std::ceil(edge));
    canvas.Cover(x, first - 1, upper,
                 static_cast<uint32_t>((first - edge) * 255));
    for (int32_t y = std::max(0, first); y < size.height_px; ++y) {
      const auto share = static_cast<uint32_t>(
          std::min(255.0, 255 * (y - edge) / (size.height_px * 0.3)));
      canvas.Row(y)[x] = Mix(upper, lower, share);
    }
  }
}

}  // namespace

Canvas DrawWallpaper(Size size) {
  Canvas canvas(size);
  for (int32_t y = 0; y < size.height_px; ++y) {
    canvas.Fill({0, y, size.width_px, 1}, SkyColor(double(y) / size.height_px));
  }
  DrawSun(canvas);
  DrawRange(canvas, 0.66, 0.050, 3.1, 0.4, Opaque(0xA57B92), Opaque(0xD39C92));
  DrawRange(canvas, 0.73, 0.055, 4.3, 2.1, Opaque(0x73608A), Opaque(0x95708C));
  DrawRange(canvas, 0.81, 0.050, 3.4, 4.4, Opaque(0x464A74), Opaque(0x59527C));
  DrawRange(canvas, 0.90, 0.045, 4.9, 1.2, Opaque(0x262F52), Opaque(0x1A2140));
  return canvas;
}

}  // namespace oriel::capture::sim
