#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "capture/edid/timing.h"

namespace oriel::capture::edid {

inline constexpr size_t kDetailedTimingBytes = 18;

// VESA E-EDID 1.4, section 3.10.2. Bits that `timing` has no room for are cut
// off: ComputeTiming's fit.
void PutDetailedTiming(const Timing& timing,
                       std::span<uint8_t, kDetailedTimingBytes> out);

// Empty: a clock of 0, which says that these bytes are something else. What is
// returned is what stands there, also where it makes no sense.
std::optional<Timing> ParseDetailedTiming(
    std::span<const uint8_t, kDetailedTimingBytes> bytes);

// Whether a detailed timing can be one: it CanBeShown, and a pixel clock under
// 10 MHz, which hardly any monitor has and which bytes that mean something else
// often make, comes with syncs that lie within the blanking.
bool IsCredible(const Timing& timing);

}  // namespace oriel::capture::edid
