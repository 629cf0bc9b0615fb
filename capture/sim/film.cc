#include "capture/sim/film.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace oriel::capture::sim {
namespace {

uint32_t Add(uint32_t base, uint32_t light) {
  return std::min<uint32_t>(255, base + light);
}

double Ridge(double x, double roughness) {
  return 0.55 * std::sin(x) + 0.27 * std::sin(2.3 * x + 1.7) +
         0.18 * roughness * std::sin(5.9 * x + 0.4) +
         0.06 * roughness * std::sin(17.0 * x + 2.1);
}

}  // namespace

Film::Film(Size size)
    : size_(size),
      horizon_px_(size.height_px * 64 / 100),
      glow_(size_t(std::max(1, size.height_px)) * 2) {
  // Index height_px is the edge itself; above it light fades slowly, below
  // fast.
  const int32_t middle = size.height_px;
  for (int32_t i = 0; i < static_cast<int32_t>(glow_.size()); ++i) {
    const double above = double(i - middle) / size.height_px;
    const double light =
        above >= 0 ? std::exp(-above * 5.5) : std::exp(above * 38.0);
    glow_[i] = static_cast<uint32_t>(light * 256);
  }
  std::minstd_rand random(7);
  for (int i = 0; i < size.width_px / 6; ++i) {
    stars_.push_back(
        {static_cast<int32_t>(random() % std::max(1, size.width_px)),
         static_cast<int32_t>(random() % std::max(1, horizon_px_)),
         double(random() % 628) / 100});
  }
  green_.edge_px.resize(size.width_px);
  green_.intensity.resize(size.width_px);
  violet_ = green_;
}

void Film::DrawFrame(double seconds, Canvas& canvas, const Rect& area) {
  MoveCurtain(seconds, 1.0, 0.44, green_);
  MoveCurtain(seconds + 40, -0.7, 0.30, violet_);
  DrawSky(seconds, canvas, area);
  DrawHills(seconds, canvas, area);
  DrawLake(seconds, canvas, area);
}

void Film::MoveCurtain(double seconds, double speed, double height,
                       Curtain& out) {
  for (int32_t x = 0; x < size_.width_px; ++x) {
    const double u = 6.0 * x / size_.width_px;
    const double drift = seconds * speed;
    const double wave = std::sin(u * 0.9 + drift * 0.35) +
                        0.5 * std::sin(u * 2.1 - drift * 0.55 + 1) +
                        0.25 * std::sin(u * 4.7 + drift * 0.9);
    out.edge_px[x] = std::clamp(
        static_cast<int32_t>(size_.height_px * (height + 0.075 * wave)), 0,
        size_.height_px - 1);
    const double rays = 0.62 + 0.22 * std::sin(u * 3.1 - drift * 0.8) +
                        0.16 * std::sin(u * 13.0 + drift * 1.7 + wave * 2);
    out.intensity[x] = static_cast<uint32_t>(std::clamp(rays, 0.0, 1.0) * 256);
  }
}

void Film::DrawSky(double seconds, Canvas& canvas, const Rect& area) {
  const int32_t offset = size_.height_px;
  for (int32_t y = 0; y < horizon_px_; ++y) {
    const uint32_t down = uint32_t(y) * 256 / std::max(1, horizon_px_);
    const uint32_t red = 8 + down * 26 / 256;
    const uint32_t green = 12 + down * 44 / 256;
    const uint32_t blue = 34 + down * 58 / 256;
    uint32_t* row = canvas.Row(area.y_px + y) + area.x_px;
    for (int32_t x = 0; x < size_.width_px; ++x) {
      const uint32_t g =
          glow_[offset + green_.edge_px[x] - y] * green_.intensity[x] >> 8;
      const uint32_t v =
          glow_[offset + violet_.edge_px[x] - y] * violet_.intensity[x] >> 8;
      row[x] = 0xFF000000u | Add(red, (g * 60 + v * 140) >> 8) << 16 |
               Add(green, (g * 220 + v * 60) >> 8) << 8 |
               Add(blue, (g * 130 + v * 170) >> 8);
    }
  }
  for (const Star& star : stars_) {
    const double light = 0.45 + 0.4 * std::sin(seconds * 1.3 + star.phase);
    canvas.Cover(area.x_px + star.x_px, area.y_px + star.y_px, Opaque(0xFFFFFF),
                 static_cast<uint32_t>(light * 200));
  }
}

void Film::DrawHills(double seconds, Canvas& canvas, const Rect& area) {
  const struct {
    double speed, scale, height, roughness;
    Color color;
  } kHills[] = {{0.010, 5.0, 0.13, 1.0, Opaque(0x1A2B44)},
                {0.022, 7.5, 0.075, 1.6, Opaque(0x111D30)},
                {0.045, 11.0, 0.03, 2.4, Opaque(0x0A1220)}};
  for (const auto& hill : kHills) {
    for (int32_t x = 0; x < size_.width_px; ++x) {
      const double u = hill.scale * x / size_.width_px + seconds * hill.speed;
      const double up = hill.height * (1.0 + Ridge(u, hill.roughness));
      const double top = horizon_px_ - size_.height_px * up;
      const auto first = std::max(0, static_cast<int32_t>(std::ceil(top)));
      if (first > 0 && first <= horizon_px_) {
        canvas.Cover(area.x_px + x, area.y_px + first - 1, hill.color,
                     static_cast<uint32_t>((first - top) * 255));
      }
      for (int32_t y = first; y < horizon_px_; ++y) {
        canvas.Row(area.y_px + y)[area.x_px + x] = hill.color;
      }
    }
  }
}

void Film::DrawLake(double seconds, Canvas& canvas, const Rect& area) {
  const int32_t depth = size_.height_px - horizon_px_;
  for (int32_t y = 0; y < depth; ++y) {
    const double near = double(y + 1) / depth;
    const double swell = std::sin(34 / (near + 0.25) + seconds * 2.2);
    const auto shift = static_cast<int32_t>(
        size_.width_px * 0.006 * near *
        (swell + 0.6 * std::sin(71 / (near + 0.3) - seconds * 3.1)));
    // The water is seen at a flatter angle the farther away it is.
    const auto mirror = static_cast<int32_t>(std::clamp<double>(
        horizon_px_ - 2 - y * 1.35 + swell * 2 * near, 0, horizon_px_ - 1));
    const auto share = static_cast<uint32_t>(90 + 70 * near + 14 * swell);
    const uint32_t* sky = canvas.Row(area.y_px + mirror) + area.x_px;
    uint32_t* row = canvas.Row(area.y_px + horizon_px_ + y) + area.x_px;
    const Color water = Opaque(0x0A1626);
    for (int32_t x = 0; x < size_.width_px; ++x) {
      const int32_t from = std::clamp(x + shift, 0, size_.width_px - 1);
      row[x] = Mix(sky[from], water, share);
    }
  }
}

}  // namespace oriel::capture::sim
