#pragma once

#include <vector>

#include "base/picture/rect.h"

namespace oriel::encoder {

// Fewer, larger rectangles that cover the given ones, which are disjoint and
// sorted by y: neighbours become one where that adds few other pixels, because
// each patch has its own header and starts compressing from nothing. The
// result is disjoint.
std::vector<Rect> Coalesce(const std::vector<Rect>& rects);

}  // namespace oriel::encoder
