#pragma once

#include "base/picture/rect.h"

namespace oriel::clients {

struct Layout {
  // Where the picture stands in the window; black is around it.
  Rect picture;
  // Whole pixels become whole squares: show them with hard edges.
  bool hard_edges = false;
  // So much smaller that a graphics card, which looks at the four nearest
  // pixels only, would leave some out: average instead.
  bool average = false;
};

// The largest place with the picture's shape, in the middle. Empty when one of
// the two is.
Layout FitPicture(Size window, Size picture);

}  // namespace oriel::clients
