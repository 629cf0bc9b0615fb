#pragma once

#include <compare>
#include <cstdint>

namespace oriel::capture::edid {

// What a detailed timing can say (12 bits each).
inline constexpr int32_t kMaxActivePx = 4095;

// A video mode. refresh_mhz is in millihertz; of fields when interlaced.
struct Mode {
  int32_t width_px = 0;
  int32_t height_px = 0;  // of the whole picture
  uint32_t refresh_mhz = 60'000;
  bool interlaced = false;
  friend auto operator<=>(const Mode&, const Mode&) = default;
};

// A mode with its blanking. Blank is all of a line or a field that shows
// nothing: front porch, sync, back porch, and borders.
struct Timing {
  uint32_t pixel_clock_khz = 0;
  int32_t width_px = 0, h_blank_px = 0, h_front_px = 0, h_sync_px = 0;
  // Of a field, half the picture, when interlaced.
  int32_t height_px = 0, v_blank_lines = 0, v_front_lines = 0, v_sync_lines = 0;
  int32_t width_mm = 0, height_mm = 0;  // of the picture; 0: not told
  bool interlaced = false;
  // Of two fields, with an odd number of lines together, each has half a line
  // more: so it is with nearly everything interlaced.
  bool half_line = false;
  bool h_sync_positive = false, v_sync_positive = false;

  double refresh_hz() const;  // 0: there is no blanking and no picture
  // The whole picture. A rate that 32 bits of millihertz cannot hold is told
  // as their largest number.
  Mode mode() const;
  friend bool operator==(const Timing&, const Timing&) = default;
};

// Whether a monitor can show this at all: both sides have pixels, and the rate
// is 1 to 2000 Hz.
bool CanBeShown(const Timing& timing);

// Whether syncs and front porches are there and lie within the blanking.
bool HasWholeSyncs(const Timing& timing);

}  // namespace oriel::capture::edid
