#pragma once

#include <vector>

#include "base/picture/rect.h"

namespace oriel::encoder {

// Fewer, larger rectangles that cover the given ones, which are disjoint and
// sorted by y: neighbours become one where that adds few other pixels, because
// each patch has its own header and starts compressing from nothing. The
// result is disjoint, and meets none of `taken`, which `rects` do not meet.
std::vector<Rect> Coalesce(const std::vector<Rect>& rects,
                           const std::vector<Rect>& taken = {});

}  // namespace oriel::encoder
