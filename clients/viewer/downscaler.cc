#include "clients/viewer/downscaler.h"

#include <algorithm>
#include <numeric>

namespace oriel::clients {
namespace {

// Pixels along one direction, from `first` up to but without `end`.
struct Span {
  int32_t first = 0;
  int32_t end = 0;
};

Span CoveredBy(int64_t first_unit, int64_t end_unit, int64_t pixel_units) {
  return {static_cast<int32_t>(first_unit / pixel_units),
          static_cast<int32_t>((end_unit + pixel_units - 1) / pixel_units)};
}

// A pixel's side has at most 2^16 units, so that this compiles to 16-bit
// multiplications, which every processor has in vectors.
void AddWeighted(const uint8_t* __restrict bytes, size_t count, uint16_t weight,
                 uint32_t* __restrict sums) {
  constexpr size_t kBlock = 16;
  size_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    for (size_t k = 0; k < kBlock; ++k) {
      sums[i + k] += uint32_t{uint16_t{bytes[i + k]}} * weight;
    }
  }
  for (; i < count; ++i) sums[i] += uint32_t{bytes[i]} * weight;
}

// total / area to the nearest, halves up; exact, without a slow division: the
// product is wrong by one at most.
uint8_t Divide(int64_t total, int64_t area, double one_by_area) {
  const int64_t rounded = total + area / 2;
  auto quotient =
      static_cast<int64_t>(static_cast<double>(rounded) * one_by_area);
  const int64_t rest = rounded - quotient * area;
  quotient += int64_t{rest >= area} - int64_t{rest < 0};
  return static_cast<uint8_t>(quotient);
}

}  // namespace

Downscaler::Axis Downscaler::AxisOf(int32_t from_px, int32_t to_px) {
  const int32_t common = std::gcd(from_px, to_px);
  return {to_px / common, from_px / common};
}

std::vector<Downscaler::Cover> Downscaler::CoversOf(const Axis& axis,
                                                    int32_t to_px) {
  std::vector<Cover> covers;
  covers.reserve(size_t(to_px));
  for (int64_t at = 0; at < to_px; ++at) {
    const int64_t first_unit = at * axis.to_units;
    const int64_t end_unit = first_unit + axis.to_units;
    const Span span = CoveredBy(first_unit, end_unit, axis.from_units);
    // One pixel alone is covered whole: one of the result is no shorter.
    const bool alone = span.end - span.first == 1;
    covers.push_back({span.first, span.end,
                      (span.first + 1) * axis.from_units - first_unit,
                      alone ? 0 : end_unit - (span.end - 1) * axis.from_units});
  }
  return covers;
}

Downscaler::Downscaler(Size from, Size to)
    : from_(from),
      to_(to),
      x_(AxisOf(from.width_px, to.width_px)),
      y_(AxisOf(from.height_px, to.height_px)),
      columns_(CoversOf(x_, to.width_px)),
      rows_(CoversOf(y_, to.height_px)) {}

Rect Downscaler::Touched(const Rect& rect) const {
  const Span x = CoveredBy(rect.x_px * x_.from_units,
                           rect.right_px() * x_.from_units, x_.to_units);
  const Span y = CoveredBy(rect.y_px * y_.from_units,
                           rect.bottom_px() * y_.from_units, y_.to_units);
  return {x.first, y.first, x.end - x.first, y.end - y.first};
}

const std::vector<uint8_t>& Downscaler::Scale(const PictureView& picture,
                                              const Rect& rect) {
  const size_t row_bytes = size_t(rect.width_px) * kBytesPerPixel;
  pixels_.resize(row_bytes * size_t(rect.height_px));
  if (rect.empty()) return pixels_;
  const int32_t left = columns_[size_t(rect.x_px)].first;
  const int32_t right = columns_[size_t(rect.right_px() - 1)].end;
  for (int32_t y = 0; y < rect.height_px; ++y) {
    sums_.assign(size_t(right - left) * kBytesPerPixel, 0);
    SumRows(picture, rows_[size_t(rect.y_px + y)], left);
    ReduceRow(rect, left, &pixels_[size_t(y) * row_bytes]);
  }
  return pixels_;
}

void Downscaler::SumRows(const PictureView& picture, const Cover& rows,
                         int32_t left) {
  for (int32_t row = rows.first; row < rows.end; ++row) {
    int64_t weight = y_.from_units;
    if (row == rows.first) {
      weight = rows.first_weight;
    } else if (row == rows.end - 1) {
      weight = rows.last_weight;
    }
    AddWeighted(picture.At(left, row), sums_.size(),
                static_cast<uint16_t>(weight), sums_.data());
  }
}

void Downscaler::ReduceRow(const Rect& rect, int32_t left, uint8_t* out) const {
  const int64_t area = x_.to_units * y_.to_units;
  const double one_by_area = 1.0 / static_cast<double>(area);
  for (int32_t x = rect.x_px; x < rect.right_px(); ++x) {
    const Cover& columns = columns_[size_t(x)];
    const uint32_t* first =
        &sums_[size_t(columns.first - left) * kBytesPerPixel];
    const uint32_t* last =
        &sums_[size_t(columns.end - 1 - left) * kBytesPerPixel];
    int64_t whole[3] = {};
    for (const uint32_t* at = first + kBytesPerPixel; at < last;
         at += kBytesPerPixel) {
      for (int i = 0; i < 3; ++i) whole[i] += at[i];
    }
    for (int i = 0; i < 3; ++i) {
      const int64_t total = x_.from_units * whole[i] +
                            columns.first_weight * first[i] +
                            columns.last_weight * last[i];
      out[i] = Divide(total, area, one_by_area);
    }
    out[3] = 0xFF;
    out += kBytesPerPixel;
  }
}

}  // namespace oriel::clients
