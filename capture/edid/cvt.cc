#include "capture/edid/cvt.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::capture::edid {
namespace {

// VESA CVT 1.1, tables 3-1 (both kinds), 3-2 (normal) and 3-4 (reduced).
constexpr double kClockStepKhz = 250;
constexpr int kVerticalFrontPorch = 3;
constexpr int kMinVerticalBackPorch = 6;
constexpr int kCell = 8;  // pixels
constexpr double kMinSyncAndBackPorchUs = 550;
constexpr double kSyncPercent = 8;
constexpr double kBlankOffsetPercent = 30;        // C'
constexpr double kBlankGradientPercentKhz = 300;  // M'
constexpr double kMinBlankPercent = 20;
constexpr int kReducedBlank = 160;
constexpr int kReducedSync = 32;
constexpr int kReducedFrontPorch = 48;
constexpr double kReducedMinVerticalBlankUs = 460;

// Two bytes of 10 kHz.
constexpr uint32_t kMaxClockKhz = 655'350;

int RoundDown(double value, int step) {
  return static_cast<int>(value / step) * step;
}

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

Timing NormalTiming(const Mode& mode) {
  const int sync_lines = VerticalSyncLines(mode);
  const double line_us = (1e9 / mode.refresh_mhz - kMinSyncAndBackPorchUs) /
                         (mode.height_px + kVerticalFrontPorch);
  const int sync_and_back =
      std::max(static_cast<int>(kMinSyncAndBackPorchUs / line_us) + 1,
               sync_lines + kMinVerticalBackPorch);
  const double duty_percent =
      std::max(kMinBlankPercent,
               kBlankOffsetPercent - kBlankGradientPercentKhz * line_us / 1000);
  const int blank =
      RoundDown(mode.width_px * duty_percent / (100 - duty_percent), 2 * kCell);
  const int total = mode.width_px + blank;
  const int sync = RoundDown(total * kSyncPercent / 100, kCell);
  const double clock_khz =
      std::floor(total * 1000 / line_us / kClockStepKhz) * kClockStepKhz;
  return {.pixel_clock_khz = static_cast<uint32_t>(clock_khz),
          .width_px = mode.width_px,
          .h_blank_px = blank,
          .h_front_px = blank / 2 - sync,
          .h_sync_px = sync,
          .height_px = mode.height_px,
          .v_blank_lines = kVerticalFrontPorch + sync_and_back,
          .v_front_lines = kVerticalFrontPorch,
          .v_sync_lines = sync_lines,
          .v_sync_positive = true};
}

Timing ReducedTiming(const Mode& mode) {
  const int sync_lines = VerticalSyncLines(mode);
  const double line_us =
      (1e9 / mode.refresh_mhz - kReducedMinVerticalBlankUs) / mode.height_px;
  const int blank_lines =
      std::max(static_cast<int>(kReducedMinVerticalBlankUs / line_us) + 1,
               kVerticalFrontPorch + sync_lines + kMinVerticalBackPorch);
  const double total =
      double(mode.width_px + kReducedBlank) * (mode.height_px + blank_lines);
  const double clock_khz =
      std::floor(mode.refresh_mhz * total / 1e6 / kClockStepKhz) *
      kClockStepKhz;
  return {.pixel_clock_khz = static_cast<uint32_t>(clock_khz),
          .width_px = mode.width_px,
          .h_blank_px = kReducedBlank,
          .h_front_px = kReducedFrontPorch,
          .h_sync_px = kReducedSync,
          .height_px = mode.height_px,
          .v_blank_lines = blank_lines,
          .v_front_lines = kVerticalFrontPorch,
          .v_sync_lines = sync_lines,
          .h_sync_positive = true};
}

absl::Status CheckMode(const Mode& mode) {
  if (mode.width_px < 1 || mode.width_px > kMaxActivePx || mode.height_px < 1 ||
      mode.height_px > kMaxActivePx) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "compute a timing for %dx%d: each side of a detailed timing is 1 to %d "
        "pixels",
        mode.width_px, mode.height_px, kMaxActivePx));
  }
  if (mode.refresh_mhz < 1000 || mode.refresh_mhz > 240'000) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "compute a timing for %dx%d at %u mHz: 1 to 240 Hz are possible",
        mode.width_px, mode.height_px, mode.refresh_mhz));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Timing> ComputeTiming(const Mode& mode, Blanking blanking) {
  RETURN_IF_ERROR(CheckMode(mode));
  const Timing timing =
      blanking == Blanking::kNormal ? NormalTiming(mode) : ReducedTiming(mode);
  if (timing.pixel_clock_khz == 0 || timing.pixel_clock_khz > kMaxClockKhz) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "compute a timing for %dx%d at %u mHz: its pixel clock would be %u "
        "kHz, and a detailed timing has 250 to %u; ask for a smaller mode or a "
        "lower rate",
        mode.width_px, mode.height_px, mode.refresh_mhz, timing.pixel_clock_khz,
        kMaxClockKhz));
  }
  // Normal blanking grows with the width, in steps of a cell.
  if (timing.h_front_px < 1 || timing.h_sync_px < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "compute a timing for %dx%d at %u mHz: it is too narrow for "
        "CVT's normal blanking; ask for a wider mode or for reduced blanking",
        mode.width_px, mode.height_px, mode.refresh_mhz));
  }
  return timing;
}

}  // namespace oriel::capture::edid
