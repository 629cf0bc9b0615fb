#pragma once

#include <vector>

#include "base/picture/damage.h"
#include "base/picture/rect.h"

namespace oriel::capture {

// Makes damage of the tight rectangles of changed tiles (at most one a tile,
// by band and then from left to right). Neighbours
// become one rectangle where that covers few pixels more than they do, so that
// a line of text is one rectangle, not one a tile. The result covers all of
// `rects`; past kMaxDamageRects rectangles it is made of whole tiles, clipped
// to `picture`.
Damage MergeTileRects(const std::vector<Rect>& rects, Size picture);

inline constexpr int kMaxDamageRects = 1024;

}  // namespace oriel::capture
