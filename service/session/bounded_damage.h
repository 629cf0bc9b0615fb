#pragma once

#include <cstddef>

#include "base/picture/damage.h"

namespace oriel::session {

// Set algebra on more rectangles than this takes longer than encoding what
// lies between them.
inline constexpr size_t kMaxBoundedRects = 2048;

// `damage` then covers both, and more where it would have more rectangles: a
// set that grows for as long as somebody is slow or paused must not grow with
// time. Never beyond the bounds of both.
void AddBounded(Damage& damage, const Damage& other);

}  // namespace oriel::session
