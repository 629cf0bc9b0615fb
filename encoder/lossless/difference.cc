#include "encoder/lossless/difference.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace oriel::encoder {
namespace {

constexpr int32_t kChunkWidthPx = 32;
// Equal chunks between two runs that are not worth a rectangle of their own.
constexpr size_t kBridgedChunks = 2;

void CompareRow(const uint8_t* a, const uint8_t* b, int32_t width_px, int row,
                std::vector<uint32_t>& masks) {
  const size_t row_bytes = size_t(width_px) * kBytesPerPixel;
  if (std::memcmp(a, b, row_bytes) == 0) return;
  constexpr size_t kChunkBytes = size_t{kChunkWidthPx} * kBytesPerPixel;
  for (size_t chunk = 0; chunk < masks.size(); ++chunk) {
    const size_t offset = chunk * kChunkBytes;
    const size_t count = std::min(kChunkBytes, row_bytes - offset);
    if (std::memcmp(a + offset, b + offset, count) != 0) {
      masks[chunk] |= uint32_t{1} << row;
    }
  }
}

void AppendRuns(const std::vector<uint32_t>& masks, const Rect& part,
                std::vector<Rect>& out) {
  size_t chunk = 0;
  while (chunk < masks.size()) {
    if (masks[chunk] == 0) {
      ++chunk;
      continue;
    }
    const size_t first = chunk;
    size_t last = chunk;
    uint32_t rows = 0;
    for (; chunk < masks.size() && chunk - last <= kBridgedChunks; ++chunk) {
      if (masks[chunk] == 0) continue;
      last = chunk;
      rows |= masks[chunk];
    }
    const int32_t left = static_cast<int32_t>(first) * kChunkWidthPx;
    const int32_t right =
        std::min(static_cast<int32_t>(last + 1) * kChunkWidthPx, part.width_px);
    const int32_t top = std::countr_zero(rows);
    const int32_t bottom = 32 - std::countl_zero(rows);
    out.push_back(
        {part.x_px + left, part.y_px + top, right - left, bottom - top});
    chunk = last + 1;
  }
}

}  // namespace

void Difference::Append(const BandedPicture& picture,
                        const BandedPicture& reference, const Rect& rect,
                        std::vector<Rect>& out) {
  static_assert(kBandHeightPx <= 32, "a row is a bit of a mask");
  if (rect.empty()) return;
  const size_t chunks = (rect.width_px + kChunkWidthPx - 1) / kChunkWidthPx;
  const size_t x_bytes = size_t(rect.x_px) * kBytesPerPixel;
  for (int band = rect.y_px / kBandHeightPx;
       band < picture.band_count() &&
       picture.BandRect(band).y_px < rect.bottom_px();
       ++band) {
    if (picture.SharesBand(band, reference)) continue;
    const Rect part = Intersection(picture.BandRect(band), rect);
    masks_.assign(chunks, 0);
    for (int32_t row = 0; row < part.height_px; ++row) {
      const int32_t y = part.y_px + row;
      CompareRow(picture.Row(y) + x_bytes, reference.Row(y) + x_bytes,
                 part.width_px, row, masks_);
    }
    AppendRuns(masks_, part, out);
  }
}

}  // namespace oriel::encoder
