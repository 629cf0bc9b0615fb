#pragma once

#include <cstddef>
#include <cstdint>

#include "base/picture/damage.h"

namespace oriel::session {

// What of `damage` stills are worth it for: a few rectangles that are large
// enough, the largest; empty where there is little of that.
Damage StillPart(const Damage& damage);

// A few tiles from all over `damage`, whose weight tells its; empty where it
// has none as large as a tile.
Damage SampleOf(const Damage& damage);

// How much stills may weigh that go ahead of `exact_bytes` over a link; 0: they
// are not worth it. Few different values, so that viewers can share stills.
size_t StillBudget(double exact_bytes, double link_bytes_per_s);

// As much of that as a link takes in the time that a still may take.
size_t StillBudget(double link_bytes_per_s);

}  // namespace oriel::session
