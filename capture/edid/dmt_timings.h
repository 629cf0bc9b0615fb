#pragma once

#include <cstdint>
#include <optional>

#include "capture/edid/timing.h"

namespace oriel::capture::edid {

// VESA DMT 1.13: the timing with this number. Empty: there is none.
std::optional<Timing> DmtTiming(int id);

// The timing that two bytes of a standard timing name. Empty: DMT has none, and
// a formula tells it.
std::optional<Timing> DmtTimingOfStandardCode(uint8_t first, uint8_t second);

}  // namespace oriel::capture::edid
