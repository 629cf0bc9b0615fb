#include "capture/edid/cvt.h"

#include <algorithm>
#include <cmath>

namespace oriel::capture::edid {
namespace {

// VESA CVT 1.1, table 5-4 and section 3.4: reduced blanking's constants.
constexpr int kHorizontalBlank = 160;
constexpr int kHorizontalSync = 32;
constexpr int kHorizontalFrontPorch = 48;
constexpr double kMinVerticalBlankUs = 460;
constexpr int kVerticalFrontPorch = 3;
constexpr int kMinVerticalBackPorch = 6;
constexpr double kClockStepKhz = 250;

// CVT tells the aspect ratio by the width of the vertical sync.
int VerticalSyncLines(const Mode& mode) {
  const auto is = [&](int across, int down) {
    return int64_t{mode.width_px} * down == int64_t{mode.height_px} * across;
  };
  if (is(4, 3)) return 4;
  if (is(16, 9)) return 5;
  if (is(16, 10)) return 6;
  if (is(5, 4) || is(15, 9)) return 7;
  return 10;
}

}  // namespace

Timing ReducedBlankingTiming(const Mode& mode) {
  const double refresh_hz = mode.refresh_mhz / 1000.0;
  const int sync_lines = VerticalSyncLines(mode);
  const double line_us =
      (1e6 / refresh_hz - kMinVerticalBlankUs) / mode.height_px;
  const int blank_lines =
      std::max(static_cast<int>(kMinVerticalBlankUs / line_us) + 1,
               kVerticalFrontPorch + sync_lines + kMinVerticalBackPorch);
  const double total =
      double(mode.width_px + kHorizontalBlank) * (mode.height_px + blank_lines);
  const double clock_khz =
      std::floor(refresh_hz * total / 1000 / kClockStepKhz) * kClockStepKhz;
  return {.pixel_clock_khz = static_cast<uint32_t>(clock_khz),
          .active = mode.width_px,
          .blank = kHorizontalBlank,
          .sync_offset = kHorizontalFrontPorch,
          .sync_width = kHorizontalSync,
          .v_active = mode.height_px,
          .v_blank = blank_lines,
          .v_sync_offset = kVerticalFrontPorch,
          .v_sync_width = sync_lines};
}

}  // namespace oriel::capture::edid
