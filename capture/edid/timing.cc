#include "capture/edid/timing.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace oriel::capture::edid {
namespace {

constexpr double kMinRefreshHz = 1;
constexpr double kMaxRefreshHz = 2000;

}  // namespace

double Timing::refresh_hz() const {
  const double pixels =
      (double(width_px) + h_blank_px) *
      (double(height_px) + v_blank_lines + (half_line ? 0.5 : 0.0));
  return pixels <= 0 ? 0 : pixel_clock_khz * 1000.0 / pixels;
}

Mode Timing::mode() const {
  constexpr double kMost = std::numeric_limits<uint32_t>::max();
  const double refresh_mhz = std::round(refresh_hz() * 1000);
  return {.width_px = width_px,
          .height_px = interlaced ? 2 * height_px : height_px,
          .refresh_mhz = static_cast<uint32_t>(std::min(refresh_mhz, kMost)),
          .interlaced = interlaced};
}

bool HasWholeSyncs(const Timing& t) {
  // The half line makes up for a missing front porch.
  const int min_v_front_lines = t.half_line ? 0 : 1;
  return t.h_front_px >= 1 && t.h_sync_px >= 1 && t.v_sync_lines >= 1 &&
         t.v_front_lines >= min_v_front_lines &&
         t.h_front_px + t.h_sync_px <= t.h_blank_px &&
         t.v_front_lines + t.v_sync_lines <= t.v_blank_lines;
}

bool CanBeShown(const Timing& t) {
  if (t.width_px < 1 || t.height_px < 1) return false;
  const double refresh_hz = t.refresh_hz();
  return refresh_hz >= kMinRefreshHz && refresh_hz <= kMaxRefreshHz;
}

}  // namespace oriel::capture::edid
