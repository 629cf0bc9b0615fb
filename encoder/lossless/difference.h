#pragma once

#include <cstdint>
#include <vector>

#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"

namespace oriel::encoder {

// Compares two pictures of one size. Thread-compatible; keeps its memory.
class Difference {
 public:
  // Appends disjoint rectangles in `rect` (inside the picture) that hold every
  // pixel of it in which the two differ, tight to the row and to some 32 px.
  void Append(const BandedPicture& picture, const BandedPicture& reference,
              const Rect& rect, std::vector<Rect>& out);

 private:
  class BandPart;
  // All rows of a chunk that differ lie from the first on, before the end.
  struct Rows {
    int32_t first = 0;
    int32_t end = 0;      // 0: none differs
    bool closed = false;  // the end is final
  };

  std::vector<Rows> chunks_;
};

}  // namespace oriel::encoder
