#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "capture/edid/timing.h"

namespace oriel::capture::edid {

// VESA E-EDID 1.4, section 3.8: the three bytes of established timings, in the
// order of their bits, without the interlaced one.
std::vector<Mode> EstablishedModes(std::span<const uint8_t, 3> bytes);

// Whether two bytes are the filler of an unused standard timing.
bool IsUnusedStandardTiming(uint8_t first, uint8_t second);

// Section 3.9: one standard timing. Empty: a reserved first byte of 0. Before
// revision 3 one of the aspect ratios was another.
std::optional<Mode> StandardMode(uint8_t first, uint8_t second, int revision);

}  // namespace oriel::capture::edid
