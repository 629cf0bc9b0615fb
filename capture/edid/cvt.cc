#include "capture/edid/cvt.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::capture::edid {
namespace {

// VESA CVT 2.0's constants, of all kinds, of normal blanking, of reduced.
constexpr double kClockStepKhz = 250;
constexpr int kCell = 8;  // pixels
constexpr int kVerticalFrontPorch = 3;
constexpr int kMinVerticalBackPorch = 7;
constexpr double kMinSyncAndBackPorchUs = 550;
constexpr double kSyncPercent = 8;
constexpr double kBlankOffsetPercent = 30;        // C'
constexpr double kBlankGradientPercentKhz = 300;  // M'
constexpr double kMinBlankPercent = 20;
constexpr double kReducedMinVerticalBlankUs = 460;

// What differs between the versions of reduced blanking.
struct ReducedKind {
  int h_blank_px, h_front_px;
  int min_v_front_lines, min_v_back_lines;
  double clock_step_khz;
  bool rounds_clock_up;
  bool whole_cells;
};
constexpr int kReducedSyncPx = 32;
constexpr int kLaterSyncLines = 8;

ReducedKind KindOf(const CvtFormat& format) {
  switch (format.blanking) {
    case Blanking::kReducedV2:
      return {80, 8, 1, 6, 1, false, false};
    case Blanking::kReducedV3:
      return {format.h_blank_px, 8, 1, 6, kClockStepKhz, true, true};
    default:
      return {160, 48, 3, kMinVerticalBackPorch, kClockStepKhz, false, true};
  }
}

int RoundDown(double value, int step) {
  return static_cast<int>(value / step) * step;
}

// CVT tells the aspect ratio by the width of the vertical sync.
int VerticalSyncLines(const CvtFormat& f) {
  const auto is = [&](int across, int down) {
    return int64_t{f.height_px} * across / down == f.width_px;
  };
  if (is(4, 3)) return 4;
  if (is(16, 9)) return 5;
  if (is(16, 10)) return 6;
  if ((f.height_px % 4 == 0 && is(5, 4)) || is(15, 9)) return 7;
  return 10;
}

// What the formula counts: a field's lines and pixels in whole cells.
double Lines(const CvtFormat& f) {
  return f.interlaced ? f.height_px / 2 : f.height_px;
}
double HalfLine(const CvtFormat& f) { return f.interlaced ? 0.5 : 0; }
double Pixels(const CvtFormat& f, bool whole_cells) {
  return whole_cells && f.whole_cells ? RoundDown(f.width_px, kCell)
                                      : f.width_px;
}

// All but clock and blanking.
Timing PictureOf(const CvtFormat& f) {
  return {.width_px = f.width_px,
          .height_px = f.interlaced ? f.height_px / 2 : f.height_px,
          .interlaced = f.interlaced,
          .half_line = f.interlaced};
}

std::optional<Timing> WithClock(Timing timing, double clock_khz) {
  if (clock_khz < 1 || clock_khz > std::numeric_limits<uint32_t>::max()) {
    return std::nullopt;
  }
  timing.pixel_clock_khz = static_cast<uint32_t>(std::lround(clock_khz));
  return timing;
}

std::optional<Timing> NormalTiming(const CvtFormat& f) {
  const double shown_us = 1e6 / f.refresh_hz - kMinSyncAndBackPorchUs;
  if (shown_us <= 0) return std::nullopt;
  const double line_us =
      shown_us / (Lines(f) + kVerticalFrontPorch + HalfLine(f));
  const int sync_lines = VerticalSyncLines(f);
  const int sync_and_back =
      std::max(static_cast<int>(kMinSyncAndBackPorchUs / line_us) + 1,
               sync_lines + kMinVerticalBackPorch);
  const double duty_percent =
      std::max(kMinBlankPercent,
               kBlankOffsetPercent - kBlankGradientPercentKhz * line_us / 1000);
  const double active = Pixels(f, true);
  const int blank =
      RoundDown(active * duty_percent / (100 - duty_percent), 2 * kCell);
  const double total = active + blank;
  const int sync = RoundDown(total * kSyncPercent / 100, kCell);
  Timing t = PictureOf(f);
  t.h_blank_px = blank;
  t.h_front_px = blank / 2 - sync;
  t.h_sync_px = sync;
  t.v_blank_lines = kVerticalFrontPorch + sync_and_back;
  t.v_front_lines = kVerticalFrontPorch;
  t.v_sync_lines = sync_lines;
  t.v_sync_positive = true;
  return WithClock(
      t, std::floor(total * 1000 / line_us / kClockStepKhz) * kClockStepKhz);
}

std::optional<Timing> ReducedTiming(const CvtFormat& f) {
  const ReducedKind kind = KindOf(f);
  const bool later = f.blanking != Blanking::kReduced;
  const double min_v_blank_us = f.blanking == Blanking::kReducedV3
                                    ? f.min_v_blank_us
                                    : kReducedMinVerticalBlankUs;
  const double shown_us = 1e6 / f.refresh_hz - min_v_blank_us;
  if (shown_us <= 0) return std::nullopt;
  const int sync_lines = later ? kLaterSyncLines : VerticalSyncLines(f);
  const int blank_for_time =
      static_cast<int>(min_v_blank_us / (shown_us / Lines(f))) + 1;
  const int blank_lines =
      std::max(blank_for_time,
               kind.min_v_front_lines + sync_lines + kind.min_v_back_lines);
  // Version 1 begins with the front porch, the later ones end with the back.
  int back_lines = later ? kind.min_v_back_lines
                         : blank_lines - sync_lines - kind.min_v_front_lines;
  if (f.early_sync && f.blanking == Blanking::kReducedV3) {
    back_lines = std::min(blank_for_time / 2,
                          blank_lines - sync_lines - kind.min_v_front_lines);
  }
  const double total = (Pixels(f, kind.whole_cells) + kind.h_blank_px) *
                       (Lines(f) + blank_lines + HalfLine(f));
  const double factor = f.video_optimized ? 1000.0 / 1001.0 : 1.0;
  // In megahertz, so that roundings fall as they do in CVT's spreadsheet.
  const double steps =
      f.refresh_hz * total * factor / 1e6 / (kind.clock_step_khz / 1000);
  Timing t = PictureOf(f);
  t.h_blank_px = kind.h_blank_px;
  t.h_front_px = kind.h_front_px;
  t.h_sync_px = kReducedSyncPx;
  t.v_blank_lines = blank_lines;
  t.v_front_lines = blank_lines - sync_lines - back_lines;
  t.v_sync_lines = sync_lines;
  t.h_sync_positive = true;
  return WithClock(
      t, kind.clock_step_khz *
             (kind.rounds_clock_up ? std::ceil(steps) : std::floor(steps)));
}

absl::Status CheckMode(const Mode& mode) {
  if (mode.width_px < 1 || mode.width_px > kMaxSidePx || mode.height_px < 1 ||
      mode.height_px > kMaxSidePx) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "compute a timing for %dx%d: each side of a monitor is 1 to %d pixels",
        mode.width_px, mode.height_px, kMaxSidePx));
  }
  if (mode.refresh_mhz < 1000 || mode.refresh_mhz > 1'000'000) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "compute a timing for %dx%d at %u mHz: 1 to 1000 Hz are possible",
        mode.width_px, mode.height_px, mode.refresh_mhz));
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<Timing> CvtTiming(const CvtFormat& format) {
  if (format.width_px < 1 || format.height_px < 1 || format.refresh_hz <= 0) {
    return std::nullopt;
  }
  return format.blanking == Blanking::kNormal ? NormalTiming(format)
                                              : ReducedTiming(format);
}

absl::StatusOr<Timing> ComputeTiming(const Mode& mode, Blanking blanking) {
  RETURN_IF_ERROR(CheckMode(mode));
  const std::optional<Timing> timing =
      CvtTiming({.width_px = mode.width_px,
                 .height_px = mode.height_px,
                 .refresh_hz = mode.refresh_mhz / 1000.0,
                 .blanking = blanking,
                 .whole_cells = false});
  if (!timing || timing->pixel_clock_khz > kMaxDisplayIdClockKhz) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "compute a timing for %dx%d at %u mHz: its pixel clock would not be 1 "
        "to %u kHz, which an EDID can say; ask for another mode or rate",
        mode.width_px, mode.height_px, mode.refresh_mhz,
        kMaxDisplayIdClockKhz));
  }
  // The clock's step can take a slow picture below what a monitor can have.
  if (!CanBeShown(*timing)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "compute a timing for %dx%d at %u mHz: in steps of the pixel clock its "
        "rate is %.2f Hz, and no monitor has that; ask for a higher rate",
        mode.width_px, mode.height_px, mode.refresh_mhz, timing->refresh_hz()));
  }
  // Normal blanking grows with the width, in steps of a cell.
  if (timing->h_front_px < 1 || timing->h_sync_px < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "compute a timing for %dx%d at %u mHz: it is too narrow for "
        "CVT's normal blanking; ask for a wider mode or for reduced blanking",
        mode.width_px, mode.height_px, mode.refresh_mhz));
  }
  return *timing;
}

}  // namespace oriel::capture::edid
