#include "service/session/bounded_damage.h"

#include <utility>
#include <vector>

namespace oriel::session {
namespace {

constexpr int32_t kCellPx = 64;

// Whole cells of a grid, clipped to `bounds`.
Rect CellsAround(const Rect& rect, const Rect& bounds) {
  const int32_t left = rect.x_px - rect.x_px % kCellPx;
  const int32_t top = rect.y_px - rect.y_px % kCellPx;
  const int32_t right = (rect.right_px() + kCellPx - 1) / kCellPx * kCellPx;
  const int32_t bottom = (rect.bottom_px() + kCellPx - 1) / kCellPx * kCellPx;
  return Intersection({left, top, right - left, bottom - top}, bounds);
}

}  // namespace

void AddBounded(Damage& damage, const Damage& other) {
  damage.Add(other);
  std::vector<Rect> rects = damage.Rects();
  if (rects.size() <= kMaxBoundedRects) return;
  const Rect bounds = damage.Bounds();
  for (Rect& rect : rects) rect = CellsAround(rect, bounds);
  damage = Damage::FromRects(std::move(rects));
  if (damage.Rects().size() > kMaxBoundedRects) damage = Damage(bounds);
}

}  // namespace oriel::session
