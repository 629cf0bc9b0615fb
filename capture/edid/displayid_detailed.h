#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/edid/findings.h"

namespace oriel::capture::edid {

// Types I and VII have the same fields; the clock is in 10 kHz or in 1 kHz.
inline constexpr size_t kTypeOneBytes = 20;
Timing ParseTypeOne(Section bytes);
Timing ParseTypeSeven(Section bytes);

inline constexpr size_t kTypeTwoBytes = 11;
Timing ParseTypeTwo(Section bytes);

// 17 bytes when it tells the picture's size, which bit 6 of byte 2 says.
inline constexpr size_t kTypeSixBytes = 14;
inline constexpr size_t kTypeSixSizedBytes = 17;
Timing ParseTypeSix(Section bytes);

// A progressive timing as type I, marked as preferred. Bits that it has no room
// for are cut off: ComputeTiming's fit.
void PutPreferredTypeOne(const Timing& timing,
                         std::span<uint8_t, kTypeOneBytes> out);

}  // namespace oriel::capture::edid
