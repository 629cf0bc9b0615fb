#pragma once

#include <optional>

#include "capture/edid/timing.h"

namespace oriel::capture::edid {

// VESA GTF 1.1's default curve, for a progressive picture. Empty: the rate
// leaves no time for it, or the picture is too narrow for the blanking.
std::optional<Timing> GtfTiming(int32_t width_px, int32_t height_px,
                                double refresh_hz);

}  // namespace oriel::capture::edid
