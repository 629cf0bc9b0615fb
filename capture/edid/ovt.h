#pragma once

#include "capture/edid/timing.h"

namespace oriel::capture::edid {

// CTA-861.6's optimized video timing, for a size of its resolution identifiers
// and one of its rates, 24 to 480 Hz.
Timing OvtTiming(int32_t width_px, int32_t height_px, uint32_t refresh_hz);

}  // namespace oriel::capture::edid
