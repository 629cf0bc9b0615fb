#pragma once

#include <cstdint>

#include "capture/edid/timing.h"

namespace oriel::capture::edid {

// How the standards' tables write a timing, for tables of our own: porches and
// syncs apart, borders among the porches, `height_px` that of the picture.
struct Raster {
  uint32_t pixel_clock_khz;
  int16_t width_px, h_front_px, h_sync_px, h_back_px;
  int16_t height_px, v_front_lines, v_sync_lines, v_back_lines;
  uint8_t flags;  // RasterFlag

  constexpr Timing timing() const;
};

enum RasterFlag : uint8_t {
  kBothNegative = 0,
  kHorizontalPositive = 1,
  kVerticalPositive = 2,
  kBothPositive = 3,
  kInterlaced = 4,
  kWholeLines = 8,  // interlaced, without half a line in each field
};

constexpr Timing Raster::timing() const {
  const bool is_interlaced = (flags & kInterlaced) != 0;
  return {.pixel_clock_khz = pixel_clock_khz,
          .width_px = width_px,
          .h_blank_px = h_front_px + h_sync_px + h_back_px,
          .h_front_px = h_front_px,
          .h_sync_px = h_sync_px,
          .height_px = is_interlaced ? height_px / 2 : height_px,
          .v_blank_lines = v_front_lines + v_sync_lines + v_back_lines,
          .v_front_lines = v_front_lines,
          .v_sync_lines = v_sync_lines,
          .interlaced = is_interlaced,
          .half_line = is_interlaced && (flags & kWholeLines) == 0,
          .h_sync_positive = (flags & kHorizontalPositive) != 0,
          .v_sync_positive = (flags & kVerticalPositive) != 0};
}

}  // namespace oriel::capture::edid
