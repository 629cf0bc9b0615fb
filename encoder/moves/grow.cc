#include "encoder/moves/grow.h"

#include <algorithm>
#include <cstring>

namespace oriel::encoder {
namespace {

const uint8_t* PixelAt(const BandedPicture& picture, int32_t x_px,
                       int32_t y_px) {
  return picture.Row(y_px) + size_t(x_px) * kBytesPerPixel;
}

bool EqualRow(const BandedPicture& picture, const BandedPicture& reference,
              const Rect& row, const Shift& shift) {
  return std::memcmp(
             PixelAt(picture, row.x_px, row.y_px),
             PixelAt(reference, row.x_px + shift.dx_px, row.y_px + shift.dy_px),
             size_t(row.width_px) * kBytesPerPixel) == 0;
}

// How many of the first columns of `strip`, counted from its left or from its
// right, are equal in all rows.
int32_t EqualColumns(const BandedPicture& picture,
                     const BandedPicture& reference, const Rect& strip,
                     const Shift& shift, bool from_left) {
  int32_t columns = strip.width_px;
  const int32_t step = from_left ? 1 : -1;
  const int32_t first_x = from_left ? strip.x_px : strip.right_px() - 1;
  for (int32_t y = strip.y_px; y < strip.bottom_px() && columns > 0; ++y) {
    const uint8_t* here = PixelAt(picture, first_x, y);
    const uint8_t* there =
        PixelAt(reference, first_x + shift.dx_px, y + shift.dy_px);
    int32_t equal = 0;
    while (equal < columns && std::memcmp(here + equal * step * kBytesPerPixel,
                                          there + equal * step * kBytesPerPixel,
                                          kBytesPerPixel) == 0) {
      ++equal;
    }
    columns = equal;
  }
  return columns;
}

// What of `strip`, which lies at a side of `rect`, is free.
Rect Free(Rect strip, const Rect& rect, const std::vector<Rect>& obstacles) {
  for (const Rect& obstacle : obstacles) {
    if (Intersection(strip, obstacle).empty()) continue;
    if (strip.x_px >= rect.right_px()) {
      strip.width_px = obstacle.x_px - strip.x_px;
    } else if (strip.right_px() <= rect.x_px) {
      strip.width_px = strip.right_px() - obstacle.right_px();
      strip.x_px = obstacle.right_px();
    } else if (strip.y_px >= rect.bottom_px()) {
      strip.height_px = obstacle.y_px - strip.y_px;
    } else {
      strip.height_px = strip.bottom_px() - obstacle.bottom_px();
      strip.y_px = obstacle.bottom_px();
    }
  }
  return strip;
}

}  // namespace

Move Grown(const BandedPicture& picture, const BandedPicture& reference,
           const Move& move, const Rect& limits,
           const std::vector<Rect>& obstacles) {
  Move grown = move;
  Rect& rect = grown.rect;
  const Rect right = Free({rect.right_px(), rect.y_px,
                           limits.right_px() - rect.right_px(), rect.height_px},
                          rect, obstacles);
  rect.width_px += EqualColumns(picture, reference, right, move.source, true);
  const Rect left =
      Free({limits.x_px, rect.y_px, rect.x_px - limits.x_px, rect.height_px},
           rect, obstacles);
  const int32_t columns =
      EqualColumns(picture, reference, left, move.source, false);
  rect.x_px -= columns;
  rect.width_px += columns;
  const Rect below = Free({rect.x_px, rect.bottom_px(), rect.width_px,
                           limits.bottom_px() - rect.bottom_px()},
                          rect, obstacles);
  for (int32_t y = below.y_px; y < below.bottom_px(); ++y) {
    if (!EqualRow(picture, reference, {rect.x_px, y, rect.width_px, 1},
                  move.source)) {
      break;
    }
    ++rect.height_px;
  }
  const Rect above =
      Free({rect.x_px, limits.y_px, rect.width_px, rect.y_px - limits.y_px},
           rect, obstacles);
  for (int32_t y = above.bottom_px() - 1; y >= above.y_px; --y) {
    if (!EqualRow(picture, reference, {rect.x_px, y, rect.width_px, 1},
                  move.source)) {
      break;
    }
    --rect.y_px;
    ++rect.height_px;
  }
  return grown;
}

}  // namespace oriel::encoder
