#include "encoder/lossless/difference.h"

#include <algorithm>
#include <cstring>

namespace oriel::encoder {
namespace {

constexpr int32_t kChunkWidthPx = 32;
// Equal chunks between two runs that are not worth a rectangle of their own.
constexpr size_t kBridgedChunks = 2;

}  // namespace

// Looks from above and then from below, at each chunk as far as its first
// difference: where all is new that is two rows, and where nothing is, whole
// rows are compared at once.
class Difference::BandPart {
 public:
  BandPart(const BandedPicture& picture, const BandedPicture& reference,
           const Rect& part, std::vector<Rows>& chunks)
      : picture_(picture), reference_(reference), part_(part), chunks_(chunks) {
    chunks_.assign((part.width_px + kChunkWidthPx - 1) / kChunkWidthPx, {});
  }

  void Compare() {
    size_t open = chunks_.size();
    for (int32_t row = 0; row < part_.height_px && open > 0; ++row) {
      open -= CompareFromAbove(row);
    }
    open = chunks_.size() - open;
    for (int32_t row = part_.height_px - 1; open > 0; --row) {
      open -= CompareFromBelow(row);
    }
  }

  void AppendRuns(std::vector<Rect>& out) const;

 private:
  bool Equal(int32_t row, size_t first, size_t end) const {
    const int32_t left = static_cast<int32_t>(first) * kChunkWidthPx;
    const int32_t right =
        std::min(static_cast<int32_t>(end) * kChunkWidthPx, part_.width_px);
    const int32_t y = part_.y_px + row;
    const size_t offset = size_t(part_.x_px + left) * kBytesPerPixel;
    return std::memcmp(picture_.Row(y) + offset, reference_.Row(y) + offset,
                       size_t(right - left) * kBytesPerPixel) == 0;
  }

  // Both return for how many chunks the row was the one that they looked for.
  size_t CompareFromAbove(int32_t row);
  size_t CompareFromBelow(int32_t row);

  const BandedPicture& picture_;
  const BandedPicture& reference_;
  const Rect part_;
  std::vector<Rows>& chunks_;
};

size_t Difference::BandPart::CompareFromAbove(int32_t row) {
  size_t found = 0;
  for (size_t first = 0; first < chunks_.size();) {
    if (chunks_[first].end > 0) {
      ++first;
      continue;
    }
    size_t end = first + 1;
    while (end < chunks_.size() && chunks_[end].end == 0) ++end;
    if (!Equal(row, first, end)) {
      for (size_t i = first; i < end; ++i) {
        if (end - first > 1 && Equal(row, i, i + 1)) continue;
        chunks_[i] = {row, row + 1};
        ++found;
      }
    }
    first = end;
  }
  return found;
}

size_t Difference::BandPart::CompareFromBelow(int32_t row) {
  size_t found = 0;
  for (size_t i = 0; i < chunks_.size(); ++i) {
    Rows& rows = chunks_[i];
    if (rows.end == 0 || rows.closed) continue;
    if (row > rows.first && Equal(row, i, i + 1)) continue;
    rows.end = std::max(rows.end, row + 1);
    rows.closed = true;
    ++found;
  }
  return found;
}

void Difference::BandPart::AppendRuns(std::vector<Rect>& out) const {
  size_t chunk = 0;
  while (chunk < chunks_.size()) {
    if (chunks_[chunk].end == 0) {
      ++chunk;
      continue;
    }
    const size_t first = chunk;
    size_t last = chunk;
    int32_t top = part_.height_px;
    int32_t bottom = 0;
    for (; chunk < chunks_.size() && chunk - last <= kBridgedChunks; ++chunk) {
      if (chunks_[chunk].end == 0) continue;
      last = chunk;
      top = std::min(top, chunks_[chunk].first);
      bottom = std::max(bottom, chunks_[chunk].end);
    }
    const int32_t left = static_cast<int32_t>(first) * kChunkWidthPx;
    const int32_t right = std::min(
        static_cast<int32_t>(last + 1) * kChunkWidthPx, part_.width_px);
    out.push_back(
        {part_.x_px + left, part_.y_px + top, right - left, bottom - top});
    chunk = last + 1;
  }
}

void Difference::Append(const BandedPicture& picture,
                        const BandedPicture& reference, const Rect& rect,
                        std::vector<Rect>& out) {
  if (rect.empty()) return;
  for (int band = rect.y_px / kBandHeightPx;
       band < picture.band_count() &&
       picture.BandRect(band).y_px < rect.bottom_px();
       ++band) {
    if (picture.SharesBand(band, reference)) continue;
    BandPart part(picture, reference,
                  Intersection(picture.BandRect(band), rect), chunks_);
    part.Compare();
    part.AppendRuns(out);
  }
}

}  // namespace oriel::encoder
