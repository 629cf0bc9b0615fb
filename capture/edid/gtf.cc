#include "capture/edid/gtf.h"

#include <cmath>
#include <limits>

namespace oriel::capture::edid {
namespace {

// VESA GTF 1.1: cells in pixels, porches in lines.
constexpr double kCell = 8;
constexpr int kFrontPorch = 1;
constexpr int kSync = 3;
constexpr double kMinSyncAndBackPorchUs = 550;
constexpr double kSyncPercent = 8;
// C' and M' of the default curve (C 40, M 600, K 128, J 20).
constexpr double kBlankOffsetPercent = 30;
constexpr double kBlankGradientPercentKhz = 300;

double RoundTo(double value, double step) {
  return std::round(value / step) * step;
}

}  // namespace

std::optional<Timing> GtfTiming(int32_t width_px, int32_t height_px,
                                double refresh_hz) {
  const double active = RoundTo(width_px, kCell);
  const double shown_us =
      (1.0 / refresh_hz - kMinSyncAndBackPorchUs / 1e6) * 1e6;
  if (active < kCell || height_px < 1 || shown_us <= 0) return std::nullopt;
  const double estimated_line_us = shown_us / (height_px + kFrontPorch);
  const double sync_and_back =
      std::round(kMinSyncAndBackPorchUs / estimated_line_us);
  const double lines = height_px + sync_and_back + kFrontPorch;
  // The standard's way to the line's exact time, so that what comes to lie
  // between two cells is rounded as others do.
  const double estimated_rate_hz = 1.0 / estimated_line_us / lines * 1e6;
  const double line_us = estimated_line_us / (refresh_hz / estimated_rate_hz);
  const double duty_percent =
      kBlankOffsetPercent - kBlankGradientPercentKhz * line_us / 1000;
  if (duty_percent <= 0) return std::nullopt;
  const double blank =
      RoundTo(active * duty_percent / (100 - duty_percent), 2 * kCell);
  const double total = active + blank;
  const double clock_khz = std::round(1000 * total / line_us);
  if (clock_khz > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  const int sync = static_cast<int>(RoundTo(total * kSyncPercent / 100, kCell));
  return Timing{
      .pixel_clock_khz = static_cast<uint32_t>(clock_khz),
      .width_px = static_cast<int32_t>(active),
      .h_blank_px = static_cast<int32_t>(blank),
      .h_front_px = static_cast<int32_t>(blank / 2) - sync,
      .h_sync_px = sync,
      .height_px = height_px,
      .v_blank_lines = kFrontPorch + static_cast<int32_t>(sync_and_back),
      .v_front_lines = kFrontPorch,
      .v_sync_lines = kSync,
      .v_sync_positive = true};
}

}  // namespace oriel::capture::edid
