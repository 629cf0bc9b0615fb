#pragma once

#include <cstdint>

#include "base/picture/banded_picture.h"
#include "base/picture/damage.h"

namespace oriel::encoder {

// What of `inexact` to make exact next: whole bands of it, those first in
// which lossy video looks worst (sharp edges of colour), at most about max_px
// and at least one band's part.
Damage WorstOf(const Damage& inexact, const BandedPicture& picture,
               int64_t max_px);

}  // namespace oriel::encoder
