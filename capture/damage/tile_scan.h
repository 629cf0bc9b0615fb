#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"
#include "capture/damage/tile_grid.h"

namespace oriel::capture {

inline constexpr int kMaxForeignBytesPerPixel = 4;

// How a plane's pixels become Oriel's.
struct RowFormat {
  int bytes_per_pixel = kBytesPerPixel;  // up to kMaxForeignBytesPerPixel
  // Writes width_px pixels (BGRX, X = 0xFF) from as many at `in`; zeros are
  // black. Null: they are BGRX but for X, whose byte means nothing.
  void (*convert)(const uint8_t* in, int32_t width_px, uint8_t* out) = nullptr;
  // The bits of each four bytes, little endian, that mean something to
  // `convert`; all of them where pixels have fewer bytes.
  uint32_t meaning = 0xFFFFFFFF;
};

// Memory that somebody else may be writing: rows stride_bytes apart, of which
// the pixels' bytes can be read, not what lies between rows.
struct ForeignRows {
  const uint8_t* first_row = nullptr;
  size_t stride_bytes = 0;
};

// What has been read of a plane: its picture, and where pixels are converted,
// their bytes as they came, because comparing those is quicker than converting
// what did not change. Thread-compatible.
class PlaneCopy {
 public:
  PlaneCopy() = default;
  // Black, as if zeros had been read.
  PlaneCopy(Size size, const RowFormat& format);

  const BandedPicture& picture() const { return picture_; }
  TileGrid grid() const { return {picture_.size()}; }

  // Sets differing[i] of those of the `count` tiles beginning with
  // `first_column` whose pixels of row `y_px` differ; `row` is the first of
  // them. Keeps nothing of what it reads. step_px: which row below, at `row` +
  // step_bytes, is compared next; 0: none.
  void CompareRow(const uint8_t* row, int32_t y_px, int first_column, int count,
                  int32_t step_px, size_t step_bytes, uint8_t* differing) const;

  // Makes the pixels of `area` those of `rows`, whose first pixel is area's
  // upper left one, and appends the tight rectangle around the difference in
  // each tile to `changed`. What is stored and what `changed` covers come from
  // one load of each byte. `area` lies inside one band; its left edge is a
  // tile's. Bands without a difference stay shared.
  void Take(const ForeignRows& rows, const Rect& area,
            std::vector<Rect>& changed);

 private:
  class RowScan;

  // The bytes that a plane's row is compared with.
  const uint8_t* Known(int32_t y_px) const {
    return format_.convert == nullptr
               ? picture_.Row(y_px)
               : raw_.data() + size_t(y_px) * raw_stride_bytes_;
  }
  size_t BytesOf(int32_t width_px) const {
    return size_t(width_px) * size_t(format_.bytes_per_pixel);
  }

  RowFormat format_;
  BandedPicture picture_;
  size_t raw_stride_bytes_ = 0;
  std::vector<uint8_t> raw_;  // empty where nothing is converted
};

}  // namespace oriel::capture
