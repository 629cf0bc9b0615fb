#pragma once

#include <cstddef>
#include <optional>

#include "capture/edid/findings.h"

namespace oriel::capture::edid {

// DisplayID timings that CVT computes, from a size and a rate. Empty: CVT has
// none for them.

inline constexpr size_t kTypeThreeBytes = 3;
std::optional<Timing> ParseTypeThree(Section bytes);

inline constexpr size_t kTypeFiveBytes = 7;
std::optional<Timing> ParseTypeFive(Section bytes);

inline constexpr size_t kTypeNineBytes = 6;
std::optional<Timing> ParseTypeNine(Section bytes);

// 6 to 8 bytes; the longer ones say more about rate and blanking.
inline constexpr size_t kTypeTenBytes = 6;
std::optional<Timing> ParseTypeTen(Section bytes);

}  // namespace oriel::capture::edid
