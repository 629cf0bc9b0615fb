#include "capture/damage/tile_scan.h"

#include <algorithm>
#include <cstring>

namespace oriel::capture {
namespace {

// Two pixels; leaves X out.
constexpr uint64_t kColourBytes = 0x00FFFFFF00FFFFFF;
constexpr uint32_t kOpaque = 0xFF000000;
constexpr size_t kTileRowBytes = size_t{kTileWidthPx} * kBytesPerPixel;

// One row of one tile.
struct Segment {
  alignas(32) uint8_t bytes[kTileRowBytes];
};

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

bool FullRowDiffers(const uint8_t* foreign, const uint8_t* current) {
  uint64_t difference = 0;
  for (size_t i = 0; i < kTileRowBytes; i += sizeof(uint64_t)) {
    uint64_t theirs;
    uint64_t ours;
    std::memcpy(&theirs, foreign + i, sizeof(theirs));
    std::memcpy(&ours, current + i, sizeof(ours));
    difference |= theirs ^ ours;
  }
  return (difference & kColourBytes) != 0;
}

// One load of each foreign byte into `pixels`, as BGRX.
void Load(const uint8_t* foreign, const RowFormat& format, int32_t width_px,
          Segment& pixels) {
  if (format.convert != nullptr) {
    Segment copy;
    std::memcpy(copy.bytes, foreign,
                size_t(width_px) * size_t(format.bytes_per_pixel));
    KeepCopy(copy);
    format.convert(copy.bytes, width_px, pixels.bytes);
    return;
  }
  std::memcpy(pixels.bytes, foreign, size_t(width_px) * kBytesPerPixel);
  KeepCopy(pixels);
  for (int32_t x = 0; x < width_px; ++x) {
    uint32_t pixel;
    std::memcpy(&pixel, pixels.bytes + x * kBytesPerPixel, sizeof(pixel));
    pixel |= kOpaque;
    std::memcpy(pixels.bytes + x * kBytesPerPixel, &pixel, sizeof(pixel));
  }
}

bool PixelDiffers(const uint8_t* a, const uint8_t* b, int32_t x_px) {
  return std::memcmp(a + x_px * kBytesPerPixel, b + x_px * kBytesPerPixel,
                     kBytesPerPixel) != 0;
}

// The scan of one row of tiles, from left to right.
class RowScan {
 public:
  RowScan(const RowFormat& format, const Rect& area, BandedPicture& picture)
      : format_(format),
        area_(area),
        picture_(picture),
        band_(area.y_px / kBandHeightPx),
        current_(picture.Row(area.y_px)),
        extents_((size_t(area.width_px) + kTileWidthPx - 1) / kTileWidthPx) {}

  void ScanRow(const uint8_t* foreign, int32_t row) {
    int32_t x = 0;
    for (Extent& extent : extents_) {
      const int32_t width = std::min(kTileWidthPx, area_.width_px - x);
      const uint8_t* at = foreign + size_t(x) * size_t(format_.bytes_per_pixel);
      if (format_.convert != nullptr || width != kTileWidthPx ||
          FullRowDiffers(at, Current(x, row))) {
        TakeOver(at, x, width, row, extent);
      }
      x += kTileWidthPx;
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
  size_t OffsetOf(int32_t x, int32_t row) const {
    return size_t(row) * picture_.stride_bytes() +
           size_t(area_.x_px + x) * kBytesPerPixel;
  }
  const uint8_t* Current(int32_t x, int32_t row) const {
    return current_ + OffsetOf(x, row);
  }

  // The foreign bytes may have changed since they were compared: only what is
  // loaded here counts.
  void TakeOver(const uint8_t* foreign, int32_t x, int32_t width, int32_t row,
                Extent& extent) {
    Segment loaded;
    Load(foreign, format_, width, loaded);
    const uint8_t* current = Current(x, row);
    int32_t left = 0;
    int32_t right = width;
    if (std::memcmp(loaded.bytes, current, size_t(width) * kBytesPerPixel) ==
        0) {
      return;
    }
    while (!PixelDiffers(loaded.bytes, current, left)) ++left;
    while (!PixelDiffers(loaded.bytes, current, right - 1)) --right;
    if (writable_ == nullptr) {
      writable_ = picture_.MutableBand(band_) +
                  size_t(area_.y_px % kBandHeightPx) * picture_.stride_bytes();
      current_ = writable_;
    }
    std::memcpy(writable_ + OffsetOf(x + left, row),
                loaded.bytes + left * kBytesPerPixel,
                size_t(right - left) * kBytesPerPixel);
    extent.Add(x + left, x + right, row);
  }

  const RowFormat& format_;
  const Rect area_;
  BandedPicture& picture_;
  const int band_;
  const uint8_t* current_;       // the area's first row, from column 0
  uint8_t* writable_ = nullptr;  // the same, once there is something to write
  std::vector<Extent> extents_;  // one a tile
};

}  // namespace

void ScanTiles(const ForeignRows& rows, const RowFormat& format,
               const Rect& area, BandedPicture& picture,
               std::vector<Rect>& changed) {
  RowScan scan(format, area, picture);
  const uint8_t* foreign = rows.first_row;
  for (int32_t row = 0; row < area.height_px; ++row) {
    scan.ScanRow(foreign, row);
    foreign += rows.stride_bytes;
  }
  scan.AppendTo(changed);
}

}  // namespace oriel::capture
