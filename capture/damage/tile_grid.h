#pragma once

#include <algorithm>
#include <cstdint>

#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"

namespace oriel::capture {

// A tile is this wide and a band of the picture high.
inline constexpr int32_t kTileWidthPx = 64;

// A picture's tiles, numbered by band and then from left to right; those at the
// right and lower edges may be smaller.
struct TileGrid {
  Size size;

  int columns() const {
    return (size.width_px + kTileWidthPx - 1) / kTileWidthPx;
  }
  int bands() const {
    return (size.height_px + kBandHeightPx - 1) / kBandHeightPx;
  }
  int count() const { return columns() * bands(); }
  int TileOf(const Rect& rect) const {
    return rect.y_px / kBandHeightPx * columns() + rect.x_px / kTileWidthPx;
  }
  // Calls visit(tile) for the tile and those around it.
  template <typename Visit>
  void ForNeighbours(int tile, const Visit& visit) const {
    const int column = tile % columns();
    const int band = tile / columns();
    for (int b = std::max(band - 1, 0); b <= std::min(band + 1, bands() - 1);
         ++b) {
      for (int c = std::max(column - 1, 0);
           c <= std::min(column + 1, columns() - 1); ++c) {
        visit(b * columns() + c);
      }
    }
  }
};

}  // namespace oriel::capture
