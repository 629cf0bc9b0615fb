#pragma once

#include <cstdint>

#include "capture/edid/edid.h"

namespace oriel::capture::edid {

// Pixels across, lines down.
struct Timing {
  uint32_t pixel_clock_khz = 0;
  int32_t active = 0, blank = 0, sync_offset = 0, sync_width = 0;
  int32_t v_active = 0, v_blank = 0, v_sync_offset = 0, v_sync_width = 0;
};

// VESA CVT 1.1 with reduced blanking, but for the width, which CVT would round
// down to a multiple of eight. `mode` must have positive sides and a refresh
// from 1 to 240 Hz.
Timing ReducedBlankingTiming(const Mode& mode);

}  // namespace oriel::capture::edid
