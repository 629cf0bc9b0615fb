#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "capture/edid/timing.h"

namespace oriel::capture::edid {

// What a DisplayID block can say of a side, but for the last pixel, which the
// API cannot ask for.
inline constexpr int32_t kMaxSidePx = 65'535;
// Its clock: 24 bits of 10 kHz, from one on.
inline constexpr uint32_t kMaxDisplayIdClockKhz = (uint32_t{1} << 24) * 10;

// kNormal leaves a cathode ray its time to fly back, the others do not and so
// need a lower pixel clock. The versions are CVT's reduced blanking 1 to 3.
enum class Blanking { kReduced, kNormal, kReducedV2, kReducedV3 };

// What VESA CVT computes a timing from.
struct CvtFormat {
  int32_t width_px = 0;
  int32_t height_px = 0;   // of the whole picture
  double refresh_hz = 60;  // of fields when interlaced
  Blanking blanking = Blanking::kNormal;
  bool interlaced = false;
  // CVT's rounds the width that it computes with down to whole cells of eight
  // pixels, and its clock with it.
  bool whole_cells = true;
  bool video_optimized = false;  // the clock times 1000 / 1001
  // Of reduced blanking, version 3.
  int32_t h_blank_px = 80;
  double min_v_blank_us = 460;
  bool early_sync = false;  // the vertical sync in the blanking's middle
};

// VESA CVT 2.0. Empty: the rate leaves no time for the picture, or the clock is
// beyond 32 bits of kilohertz.
std::optional<Timing> CvtTiming(const CvtFormat& format);

// The timing of an EDID that we build: CVT's but for the width, which is not
// rounded. The physical size is not told. kInvalidArgument: a side of 0 or over
// kMaxSidePx, a clock that no DisplayID block can say, a rate that is not 1 to
// 1000 Hz, or a picture too narrow for normal blanking.
absl::StatusOr<Timing> ComputeTiming(const Mode& mode, Blanking blanking);

}  // namespace oriel::capture::edid
