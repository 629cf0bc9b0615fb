#pragma once

#include <vector>

#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"
#include "encoder/moves/move.h"

namespace oriel::encoder {

// `move` with its sides moved out while all pixels equal their source, inside
// `limits` (whose own source is inside the picture) and off `obstacles`, which
// `move` does not meet.
Move Grown(const BandedPicture& picture, const BandedPicture& reference,
           const Move& move, const Rect& limits,
           const std::vector<Rect>& obstacles);

}  // namespace oriel::encoder
