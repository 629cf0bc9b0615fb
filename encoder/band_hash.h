#pragma once

#include <cstdint>

#include "base/picture/banded_picture.h"
#include "base/picture/picture.h"
#include "encoder/update.h"

namespace oriel::encoder {

// Of the band's rows; `band` is below picture.band_count(). Any thread.
BandHash HashBand(const BandedPicture& picture, int band);

// XXH64 with seed 0 of `height_px` full rows from `y_px` on, which lie in the
// picture; the same number for the same rows whatever holds them.
uint64_t HashRows(const Picture& picture, int32_t y_px, int32_t height_px);

}  // namespace oriel::encoder
