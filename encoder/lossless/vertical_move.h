#pragma once

#include <cstdint>
#include <optional>

#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"

namespace oriel::encoder {

// How many px further down (negative: up) most of `rect`'s rows stood in
// `reference`, inside the same rectangle: what a scroll is. A guess from
// narrow stripes; the caller compares. Nullopt when no one distance stands
// out, or it is 0.
std::optional<int32_t> FindVerticalMove(const BandedPicture& picture,
                                        const BandedPicture& reference,
                                        const Rect& rect);

}  // namespace oriel::encoder
