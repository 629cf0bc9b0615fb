#include "service/session/still_choice.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace oriel::session {
namespace {

// Of one still: less is exact in a few hundred bytes.
constexpr int32_t kMinSidePx = 16;
constexpr int64_t kMinRectPx = 1024;
constexpr size_t kMaxRects = 32;
// Of all.
constexpr int64_t kMinAreaPx = 4096;

constexpr Size kSampleTile = {128, 32};
constexpr size_t kSampleTiles = 24;

// What people wait for a picture before they notice it.
constexpr double kPatienceS = 0.25;
// Of a link that is not slow: patches are not made much faster, and stills
// would hold them up.
constexpr double kFastBytesPerS = 16e6;
// What stills may add to the time until the picture is exact.
constexpr double kMaxShare = 1.0 / 3;

// Rounded down to two significant bits.
size_t Coarse(double bytes) {
  const auto whole = static_cast<size_t>(bytes);
  const size_t step = std::max<size_t>(1, std::bit_floor(whole) / 2);
  return whole / step * step;
}

}  // namespace

Damage StillPart(const Damage& damage) {
  std::vector<Rect> rects = damage.Rects();
  std::erase_if(rects, [](const Rect& rect) {
    return rect.width_px < kMinSidePx || rect.height_px < kMinSidePx ||
           rect.AreaPx() < kMinRectPx;
  });
  if (rects.size() > kMaxRects) {
    std::nth_element(
        rects.begin(), rects.begin() + kMaxRects, rects.end(),
        [](const Rect& a, const Rect& b) { return a.AreaPx() > b.AreaPx(); });
    rects.resize(kMaxRects);
  }
  Damage part = Damage::FromRects(std::move(rects));
  if (part.AreaPx() < kMinAreaPx) part.Clear();
  return part;
}

Damage SampleOf(const Damage& damage) {
  const Rect bounds = damage.Bounds();
  std::vector<Rect> tiles;
  for (int32_t y = bounds.y_px; y + kSampleTile.height_px <= bounds.bottom_px();
       y += kSampleTile.height_px) {
    for (int32_t x = bounds.x_px; x + kSampleTile.width_px <= bounds.right_px();
         x += kSampleTile.width_px) {
      const Rect tile = {x, y, kSampleTile.width_px, kSampleTile.height_px};
      if (damage.Contains(tile)) tiles.push_back(tile);
    }
  }
  const size_t count = std::min(tiles.size(), kSampleTiles);
  std::vector<Rect> sample;
  for (size_t i = 0; i < count; ++i)
    sample.push_back(tiles[i * tiles.size() / count]);
  return Damage::FromRects(std::move(sample));
}

size_t StillBudget(double exact_bytes, double link_bytes_per_s) {
  const double patience_bytes = link_bytes_per_s * kPatienceS;
  if (exact_bytes <= patience_bytes || link_bytes_per_s > kFastBytesPerS)
    return 0;
  return Coarse(std::min(patience_bytes, exact_bytes * kMaxShare));
}

size_t StillBudget(double link_bytes_per_s) {
  return Coarse(link_bytes_per_s * kPatienceS);
}

}  // namespace oriel::session
