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
  // Bit r of a chunk's mask: row r of the band differs in it.
  std::vector<uint32_t> masks_;
};

}  // namespace oriel::encoder
