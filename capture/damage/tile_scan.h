#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"

namespace oriel::capture {

// A tile is this wide and a band of the picture high.
inline constexpr int32_t kTileWidthPx = 64;
inline constexpr int kMaxForeignBytesPerPixel = 4;

// How a plane's pixels become Oriel's.
struct RowFormat {
  int bytes_per_pixel = kBytesPerPixel;  // up to kMaxForeignBytesPerPixel
  // Writes width_px pixels (BGRX, X = 0xFF) from as many at `in`. Null: they
  // are BGRX but for X, whose byte means nothing.
  void (*convert)(const uint8_t* in, int32_t width_px, uint8_t* out) = nullptr;
};

// Memory that somebody else may be writing: rows stride_bytes apart, of which
// the pixels' bytes can be read, not what lies between rows.
struct ForeignRows {
  const uint8_t* first_row = nullptr;
  size_t stride_bytes = 0;
};

// Makes `picture`'s pixels of `area` those of `rows`, whose first pixel is
// area's upper left one, and appends the tight rectangle around the difference
// in each tile to `changed`. What was compared, what is stored and what
// `changed` covers come from one load of each byte. `area` lies inside one
// band; its left edge is a tile's. Bands without a difference stay shared.
void ScanTiles(const ForeignRows& rows, const RowFormat& format,
               const Rect& area, BandedPicture& picture,
               std::vector<Rect>& changed);

}  // namespace oriel::capture
