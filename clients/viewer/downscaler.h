#pragma once

#include <cstdint>
#include <vector>

#include "base/picture/picture.h"
#include "base/picture/rect.h"

namespace oriel::clients {

// Makes pictures smaller by averaging: a pixel of the result is the mean of the
// area that it covers, rounded to the nearest value, so that no thin line is
// lost or doubled. Any factors. Thread-compatible.
class Downscaler {
 public:
  Downscaler() = default;
  // `to` is not empty, and in no direction larger than `from`.
  Downscaler(Size from, Size to);

  Size from() const { return from_; }
  Size to() const { return to_; }

  // The pixels of the result that depend on these of the picture.
  Rect Touched(const Rect& rect) const;
  // These pixels of the result, BGRX in rows without gaps; valid until the next
  // call. `picture` has the size `from`.
  const std::vector<uint8_t>& Scale(const PictureView& picture,
                                    const Rect& rect);

 private:
  // Along one direction, in units in which a pixel of the picture is
  // `from_units` long and one of the result `to_units`.
  struct Axis {
    int64_t from_units = 1;
    int64_t to_units = 1;
  };
  // What one pixel of the result covers along one direction: pixels of the
  // picture from `first` up to but without `end`, with the units of the first
  // and of the last one; those between lie in it whole.
  struct Cover {
    int32_t first = 0;
    int32_t end = 0;
    int64_t first_weight = 0;
    int64_t last_weight = 0;  // 0 where the first is the last, too
  };
  static Axis AxisOf(int32_t from_px, int32_t to_px);
  static std::vector<Cover> CoversOf(const Axis& axis, int32_t to_px);

  // Adds up the rows, from column `left` on.
  void SumRows(const PictureView& picture, const Cover& rows, int32_t left);
  void ReduceRow(const Rect& rect, int32_t left, uint8_t* out) const;

  Size from_;
  Size to_;
  Axis x_;
  Axis y_;
  std::vector<Cover> columns_;
  std::vector<Cover> rows_;
  std::vector<uint32_t> sums_;  // a value for each byte of a row
  std::vector<uint8_t> pixels_;
};

}  // namespace oriel::clients
