#include "capture/damage/tile_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "capture/damage/tile_kernel.h"

namespace oriel::capture {
namespace {

// Leaves X out.
constexpr uint32_t kColourBytes = 0x00FFFFFF;

// The pixels of one row of one tile.
struct Segment {
  alignas(64) uint8_t bytes[size_t{kTileWidthPx} * kBytesPerPixel];
};
static_assert(kTileWidthPx == kMaxRunPx);

// Half open, in the area's coordinates; empty while right_px is 0.
struct Extent {
  int32_t left_px = 0;
  int32_t top_px = 0;
  int32_t right_px = 0;
  int32_t bottom_px = 0;

  void Add(int32_t left, int32_t right, int32_t row) {
    if (right_px == 0) {
      *this = {left, row, right, row + 1};
      return;
    }
    left_px = std::min(left_px, left);
    right_px = std::max(right_px, right);
    bottom_px = row + 1;
  }
};

// After this the compiler must take what `copy` holds for what was read, and
// cannot read the foreign bytes again in its place.
inline void KeepCopy(Segment& copy) {
  asm volatile("" : : "r"(&copy) : "memory");
}

}  // namespace

PlaneCopy::PlaneCopy(Size size, const RowFormat& format)
    : format_(format), picture_(size) {
  if (format.convert == nullptr) {
    format_.meaning = kColourBytes;
    return;
  }
  raw_stride_bytes_ = BytesOf(size.width_px);
  raw_.resize(raw_stride_bytes_ * size_t(size.height_px));
}

void PlaneCopy::CompareRow(const uint8_t* row, int32_t y_px, int first_column,
                           int count, int32_t step_px, size_t step_bytes,
                           uint8_t* differing) const {
  const int32_t left = first_column * kTileWidthPx;
  const int32_t width =
      std::min(count * kTileWidthPx, picture_.size().width_px - left);
  const uint8_t* known = Known(y_px) + BytesOf(left);
  const uint8_t* next = row + step_bytes;
  const uint8_t* next_known = Known(y_px + step_px) + BytesOf(left);
  const auto find = [&](size_t at, size_t run_bytes, size_t runs) {
    return step_px == 0
               ? FirstDifference(row + at, known + at, run_bytes, runs,
                                 format_.meaning)
               : FirstDifference(row + at, known + at, run_bytes, runs,
                                 format_.meaning, next + at, next_known + at);
  };
  const size_t run_bytes = BytesOf(kTileWidthPx);
  const auto whole = size_t(width / kTileWidthPx);
  for (size_t tile = 0;; ++tile) {
    tile += find(tile * run_bytes, run_bytes, whole - tile);
    if (tile == whole) break;
    differing[tile] = 1;
  }
  const size_t rest_bytes = BytesOf(width % kTileWidthPx);
  if (rest_bytes != 0 && find(whole * run_bytes, rest_bytes, 1) == 0) {
    differing[whole] = 1;
  }
}

// The scan of one row of tiles, from left to right.
class PlaneCopy::RowScan {
 public:
  RowScan(PlaneCopy& copy, const Rect& area)
      : copy_(copy),
        area_(area),
        band_(area.y_px / kBandHeightPx),
        extents_((size_t(area.width_px) + kTileWidthPx - 1) / kTileWidthPx) {}

  void ScanRow(const uint8_t* foreign, int32_t row) {
    if (writer_.has_value()) BandRow(row);
    const size_t run_bytes = copy_.BytesOf(kTileWidthPx);
    const auto whole = size_t(area_.width_px / kTileWidthPx);
    const size_t left_bytes = copy_.BytesOf(area_.x_px);
    const uint32_t meaning = copy_.format_.meaning;
    for (size_t tile = 0;; ++tile) {
      const uint8_t* known = copy_.Known(area_.y_px + row) + left_bytes;
      tile +=
          FirstDifference(foreign + tile * run_bytes, known + tile * run_bytes,
                          run_bytes, whole - tile, meaning);
      if (tile == whole) break;
      TakeOver(foreign + tile * run_bytes, tile, kTileWidthPx, row);
    }
    const int32_t rest = area_.width_px % kTileWidthPx;
    const size_t at = whole * run_bytes;
    if (rest != 0 &&
        FirstDifference(foreign + at,
                        copy_.Known(area_.y_px + row) + left_bytes + at,
                        copy_.BytesOf(rest), 1, meaning) == 0) {
      TakeOver(foreign + at, whole, rest, row);
    }
  }

  void AppendTo(std::vector<Rect>& changed) const {
    for (const Extent& extent : extents_) {
      if (extent.right_px == 0) continue;
      changed.push_back(
          {area_.x_px + extent.left_px, area_.y_px + extent.top_px,
           extent.right_px - extent.left_px, extent.bottom_px - extent.top_px});
    }
  }

 private:
  uint8_t* BandRow(int32_t row) {
    return writer_->Row(area_.y_px % kBandHeightPx + row);
  }

  // One load of each foreign byte, into `pixels` as BGRX.
  void Load(const uint8_t* foreign, int32_t x_px, int32_t width_px, int32_t row,
            Segment& pixels) {
    const RowFormat& format = copy_.format_;
    if (format.convert == nullptr) {
      LoadOpaque(foreign, size_t(width_px), pixels.bytes);
      KeepCopy(pixels);
      return;
    }
    Segment raw;
    std::memcpy(raw.bytes, foreign, copy_.BytesOf(width_px));
    KeepCopy(raw);
    std::memcpy(copy_.raw_.data() +
                    size_t(area_.y_px + row) * copy_.raw_stride_bytes_ +
                    copy_.BytesOf(area_.x_px + x_px),
                raw.bytes, copy_.BytesOf(width_px));
    format.convert(raw.bytes, width_px, pixels.bytes);
  }

  // The foreign bytes may have changed since they were compared: only what is
  // loaded here counts.
  void TakeOver(const uint8_t* foreign, size_t tile, int32_t width,
                int32_t row) {
    const int32_t x = static_cast<int32_t>(tile) * kTileWidthPx;
    Segment loaded;
    Load(foreign, x, width, row, loaded);
    const size_t offset = size_t(area_.x_px + x) * kBytesPerPixel;
    const uint64_t differing = DifferingPixels(
        loaded.bytes, copy_.picture_.Row(area_.y_px + row) + offset,
        size_t(width));
    if (differing == 0) return;
    const int32_t left = std::countr_zero(differing);
    const int32_t right = 64 - std::countl_zero(differing);
    if (!writer_.has_value()) writer_.emplace(copy_.picture_, band_);
    uint8_t* out = BandRow(row) + offset;
    std::memcpy(out + left * kBytesPerPixel,
                loaded.bytes + left * kBytesPerPixel,
                size_t(right - left) * kBytesPerPixel);
    extents_[tile].Add(x + left, x + right, row);
  }

  PlaneCopy& copy_;
  const Rect area_;
  const int band_;
  // Once there is something to write.
  std::optional<BandedPicture::BandWriter> writer_;
  std::vector<Extent> extents_;  // one a tile
};

void PlaneCopy::Take(const ForeignRows& rows, const Rect& area,
                     std::vector<Rect>& changed) {
  RowScan scan(*this, area);
  const uint8_t* foreign = rows.first_row;
  for (int32_t row = 0; row < area.height_px; ++row) {
    scan.ScanRow(foreign, row);
    foreign += rows.stride_bytes;
  }
  scan.AppendTo(changed);
}

}  // namespace oriel::capture
