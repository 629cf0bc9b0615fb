#pragma once

#include <cstdint>

namespace oriel::capture::edid {

// What a detailed timing can say (12 bits each).
inline constexpr int32_t kMaxActivePx = 4095;

// A progressive video mode. refresh_mhz is in millihertz.
struct Mode {
  int32_t width_px = 0;
  int32_t height_px = 0;
  uint32_t refresh_mhz = 60'000;
  friend bool operator==(const Mode&, const Mode&) = default;
};

// What a detailed timing says. Blank is all of a line or a field that shows
// nothing: front porch, sync, back porch.
struct Timing {
  uint32_t pixel_clock_khz = 0;
  int32_t width_px = 0, h_blank_px = 0, h_front_px = 0, h_sync_px = 0;
  // Of a field, half the picture, when interlaced.
  int32_t height_px = 0, v_blank_lines = 0, v_front_lines = 0, v_sync_lines = 0;
  int32_t width_mm = 0, height_mm = 0;  // of the picture; 0: not told
  bool interlaced = false;
  bool h_sync_positive = false, v_sync_positive = false;

  // The whole picture; the rate is that of fields when interlaced. A rate that
  // 32 bits of millihertz cannot hold is told as their largest number.
  Mode mode() const;
  friend bool operator==(const Timing&, const Timing&) = default;
};

}  // namespace oriel::capture::edid
