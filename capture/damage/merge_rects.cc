#include "capture/damage/merge_rects.h"

#include <algorithm>
#include <utility>

#include "base/picture/banded_picture.h"
#include "capture/damage/tile_grid.h"

namespace oriel::capture {
namespace {

// What a rectangle of its own costs (a patch's header, a start of the
// compressor, a draw call), told in pixels that could be encoded instead.
constexpr int64_t kRectCostPx = 512;

Rect Union(const Rect& a, const Rect& b) {
  const int32_t x = std::min(a.x_px, b.x_px);
  const int32_t y = std::min(a.y_px, b.y_px);
  return {x, y, std::max(a.right_px(), b.right_px()) - x,
          std::max(a.bottom_px(), b.bottom_px()) - y};
}

// Tight rectangles that became one.
struct Run {
  Rect rect;
  int64_t tight_px;  // what they cover themselves
  int64_t count;

  // A little waste is allowed beside the saved costs: a long line of text must
  // not break where one letter is a pixel taller.
  bool IsWorthwhile() const {
    return rect.AreaPx() <= tight_px + tight_px / 8 + (count - 1) * kRectCostPx;
  }
};

Run Merged(const Run& a, const Run& b) {
  return {Union(a.rect, b.rect), a.tight_px + b.tight_px, a.count + b.count};
}

int32_t BandOf(const Rect& rect) { return rect.y_px / kBandHeightPx; }

// Neighbours in a band.
std::vector<Run> MergeAlongBands(const std::vector<Rect>& rects) {
  std::vector<Run> runs;
  for (const Rect& rect : rects) {
    const Run run = {rect, rect.AreaPx(), 1};
    if (!runs.empty() && BandOf(runs.back().rect) == BandOf(rect)) {
      const Run merged = Merged(runs.back(), run);
      if (merged.IsWorthwhile()) {
        runs.back() = merged;
        continue;
      }
    }
    runs.push_back(run);
  }
  return runs;
}

// Joins each run with one that ends in the band before.
std::vector<Rect> MergeAcrossBands(const std::vector<Run>& runs) {
  std::vector<Rect> done;
  std::vector<Run> above;  // end in the band before
  std::vector<Run> here;   // end in this band
  const auto finish = [&done](const std::vector<Run>& finished) {
    for (const Run& run : finished) done.push_back(run.rect);
  };
  int32_t band = -1;
  for (const Run& run : runs) {
    if (BandOf(run.rect) != band) {
      band = BandOf(run.rect);
      finish(above);
      above = std::exchange(here, {});
    }
    const auto partner = std::find_if(
        above.begin(), above.end(),
        [&run](const Run& other) { return Merged(other, run).IsWorthwhile(); });
    if (partner == above.end()) {
      here.push_back(run);
    } else {
      here.push_back(Merged(*partner, run));
      above.erase(partner);
    }
  }
  finish(above);
  finish(here);
  return done;
}

Rect TileAround(const Rect& rect, Size picture) {
  return Intersection(
      {rect.x_px - rect.x_px % kTileWidthPx,
       rect.y_px - rect.y_px % kBandHeightPx, kTileWidthPx, kBandHeightPx},
      Rect::Of(picture));
}

}  // namespace

Damage MergeTileRects(const std::vector<Rect>& rects, Size picture) {
  Damage damage = Damage::FromRects(MergeAcrossBands(MergeAlongBands(rects)));
  if (damage.Rects().size() <= kMaxDamageRects) return damage;
  std::vector<Rect> tiles;
  tiles.reserve(rects.size());
  for (const Rect& rect : rects) tiles.push_back(TileAround(rect, picture));
  return Damage::FromRects(std::move(tiles));
}

}  // namespace oriel::capture
