#include "encoder/lossless/coalesce.h"

#include <algorithm>
#include <cstdint>

namespace oriel::encoder {
namespace {

// Other pixels that are always worth a patch less.
constexpr int64_t kFreePx = 2048;
// Looking back further finds nothing near and makes scattered damage slow.
constexpr size_t kLookBack = 48;

Rect Union(const Rect& a, const Rect& b) {
  const int32_t x = std::min(a.x_px, b.x_px);
  const int32_t y = std::min(a.y_px, b.y_px);
  return {x, y, std::max(a.right_px(), b.right_px()) - x,
          std::max(a.bottom_px(), b.bottom_px()) - y};
}

bool Meets(const std::vector<Rect>& rects, size_t first, const Rect& rect,
           size_t except) {
  for (size_t i = first; i < rects.size(); ++i) {
    if (i != except && !Intersection(rects[i], rect).empty()) return true;
  }
  return false;
}

// Where in `merged` the rectangle fits in best; merged.size() when nowhere.
size_t FindPartner(const std::vector<Rect>& merged, const Rect& rect) {
  size_t best = merged.size();
  int64_t best_added_px = 0;
  const size_t first =
      merged.size() > kLookBack ? merged.size() - kLookBack : 0;
  for (size_t i = first; i < merged.size(); ++i) {
    const int64_t own_px = merged[i].AreaPx() + rect.AreaPx();
    const int64_t added_px = Union(merged[i], rect).AreaPx() - own_px;
    if (added_px > kFreePx + own_px / 2) continue;
    if (best < merged.size() && added_px >= best_added_px) continue;
    best = i;
    best_added_px = added_px;
  }
  return best;
}

// Joins what can be joined with what stands before it.
std::vector<Rect> MergeOnce(const std::vector<Rect>& rects,
                            const std::vector<Rect>& taken) {
  std::vector<Rect> merged;
  for (size_t i = 0; i < rects.size(); ++i) {
    const size_t partner = FindPartner(merged, rects[i]);
    if (partner < merged.size()) {
      const Rect both = Union(merged[partner], rects[i]);
      if (!Meets(rects, i + 1, both, rects.size()) &&
          !Meets(merged, 0, both, partner) &&
          !Meets(taken, 0, both, taken.size())) {
        merged[partner] = both;
        continue;
      }
    }
    merged.push_back(rects[i]);
  }
  return merged;
}

}  // namespace

std::vector<Rect> Coalesce(const std::vector<Rect>& rects,
                           const std::vector<Rect>& taken) {
  std::vector<Rect> merged = rects;
  // A join can make the next one possible; two more passes find nearly all.
  for (int pass = 0; pass < 3; ++pass) {
    const size_t before = merged.size();
    merged = MergeOnce(merged, taken);
    if (merged.size() == before) break;
  }
  return merged;
}

}  // namespace oriel::encoder
