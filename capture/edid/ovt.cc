#include "capture/edid/ovt.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace oriel::capture::edid {
namespace {

// CTA-861.6's constants.
constexpr double kMinVBlankUs = 460;
constexpr uint32_t kMinVBlankLines = 20;
constexpr double kMinSyncLeadUs = 400;
constexpr uint32_t kMinSyncLeadLines = 14;
constexpr uint32_t kSyncLines = 8;
constexpr uint32_t kSyncPx = 32;
constexpr uint32_t kBackPx = 32;
constexpr uint32_t kMinHBlankPx = 80;
constexpr uint32_t kMinHBlank420Px = 128;
constexpr uint32_t kMinHGranularityPx = 8;
constexpr uint64_t kMin420ClockHz = 590'000'000;
constexpr uint32_t kClockGranularityHz = 1000;
constexpr uint64_t kMaxChunkRateHz = 650'000'000;
constexpr uint32_t kAudioPacketRateHz = 195'000;
constexpr uint32_t kAudioPacketPx = 32;
constexpr uint32_t kLineOverheadPx = 32;

// Rates of one family share the lines of its highest one, in such steps.
struct Family {
  uint32_t max_rate_hz, line_step;
};

Family FamilyOf(uint32_t refresh_hz) {
  if (refresh_hz <= 30) return {30, 20};
  if (refresh_hz <= 60) return {60, 20};
  switch (refresh_hz) {
    case 100:
    case 200:
    case 300:
    case 400:
      return {refresh_hz / 100 * 120, 5};
    case 120:
    case 240:
    case 360:
    case 480:
      return {refresh_hz, 5};
    default:
      return {refresh_hz, 1};
  }
}

uint32_t RoundUp(uint32_t value, uint32_t step) {
  return (value + step - 1) / step * step;
}

struct Totals {
  uint32_t across = 0, down = 0;
  uint64_t pixels() const { return uint64_t{across} * down; }
};

// The fewest pixels that give a clock in whole kilohertz, and chunks of a line,
// halved as often as it can be, that come slowly enough.
Totals FewestPixels(const Family& family, uint32_t min_across,
                    uint32_t across_step, uint32_t min_down) {
  const uint32_t pixel_step =
      kClockGranularityHz / std::gcd(kClockGranularityHz, family.max_rate_hz);
  const auto fits = [&](const Totals& totals) {
    const uint64_t chunks = uint64_t{1} << std::countr_zero(totals.across);
    return totals.pixels() % pixel_step == 0 &&
           family.max_rate_hz * totals.pixels() / chunks <= kMaxChunkRateHz;
  };
  Totals best;
  for (uint32_t down = min_down;; down += family.line_step) {
    Totals totals = {min_across, down};
    if (best.down != 0 && totals.pixels() > best.pixels()) return best;
    while (!fits(totals)) totals.across += across_step;
    if (best.down == 0 || totals.pixels() < best.pixels()) best = totals;
  }
}

Totals TotalsOf(const Family& family, uint32_t width_px, uint32_t height_px) {
  const double line_us = (1e6 / family.max_rate_hz - kMinVBlankUs) / height_px;
  const uint32_t min_v_blank =
      std::max(kMinVBlankLines,
               static_cast<uint32_t>(std::ceil(kMinVBlankUs / line_us)));
  const uint32_t min_down = RoundUp(height_px + min_v_blank, family.line_step);
  const uint32_t line_rate_hz = family.max_rate_hz * min_down;
  const uint32_t audio_packets =
      (kAudioPacketRateHz + line_rate_hz - 1) / line_rate_hz;
  const uint32_t overhead_px = kLineOverheadPx + kAudioPacketPx * audio_packets;
  const uint32_t min_across = width_px + std::max(kMinHBlankPx, overhead_px);
  const double min_clock_hz =
      double(family.max_rate_hz) * min_across * min_down;
  const uint32_t across_step = std::max(
      kMinHGranularityPx,
      std::bit_ceil(static_cast<uint32_t>(
          std::ceil(min_clock_hz / static_cast<double>(kMaxChunkRateHz)))));
  const Totals totals = FewestPixels(family, RoundUp(min_across, across_step),
                                     across_step, min_down);
  // Such fast ones are sent with half the colours, too, and then need more
  // pixels for what lies between the lines.
  const uint32_t min_across_420 =
      width_px + std::max(kMinHBlank420Px, 2 * overhead_px);
  if (family.max_rate_hz * totals.pixels() < kMin420ClockHz ||
      totals.across >= min_across_420) {
    return totals;
  }
  return FewestPixels(family, min_across_420, across_step, min_down);
}

}  // namespace

Timing OvtTiming(int32_t width_px, int32_t height_px, uint32_t refresh_hz) {
  const Family family = FamilyOf(refresh_hz);
  const auto width = static_cast<uint32_t>(width_px);
  const auto height = static_cast<uint32_t>(height_px);
  const Totals totals = TotalsOf(family, width, height);
  const uint64_t clock_hz = family.max_rate_hz * totals.pixels();
  const uint32_t down = static_cast<uint32_t>(uint64_t{totals.down} *
                                              family.max_rate_hz / refresh_hz);
  const uint32_t sync_lead = std::max(
      kMinSyncLeadLines, static_cast<uint32_t>(std::ceil(
                             kMinSyncLeadUs * static_cast<double>(clock_hz) /
                             (1e6 * totals.across))));
  const uint32_t h_blank = totals.across - width;
  const uint32_t v_blank = down - height;
  return {.pixel_clock_khz = static_cast<uint32_t>(clock_hz / 1000),
          .width_px = width_px,
          .h_blank_px = static_cast<int32_t>(h_blank),
          .h_front_px = static_cast<int32_t>(h_blank - kSyncPx - kBackPx),
          .h_sync_px = kSyncPx,
          .height_px = height_px,
          .v_blank_lines = static_cast<int32_t>(v_blank),
          .v_front_lines = static_cast<int32_t>(v_blank - sync_lead),
          .v_sync_lines = kSyncLines,
          .h_sync_positive = true,
          .v_sync_positive = true};
}

}  // namespace oriel::capture::edid
