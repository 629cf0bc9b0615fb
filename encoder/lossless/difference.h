#pragma once

#include <cstdint>
#include <vector>

#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"

namespace oriel::encoder {

// Disjoint rectangles in `rect` (inside the picture) that hold every pixel of
// it in which the two pictures of one size differ, tight to the row and to
// some 32 px. `source_dy_px`: a row is compared with the row of `reference`
// that many px further down, which must be inside the picture too.
std::vector<Rect> DifferingRects(const BandedPicture& picture,
                                 const BandedPicture& reference,
                                 const Rect& rect, int32_t source_dy_px = 0);

}  // namespace oriel::encoder
