#include "clients/viewer/layout.h"

#include <algorithm>

namespace oriel::clients {
namespace {

// A one-pixel line that a card shrinks to this keeps its weight to a quarter.
constexpr struct {
  int64_t numerator = 4;
  int64_t denominator = 5;
} kCardShrinksTo;

}  // namespace

Layout FitPicture(Size window, Size picture) {
  if (window.empty() || picture.empty()) return {};
  int64_t width = window.width_px;
  int64_t height =
      int64_t{window.width_px} * picture.height_px / picture.width_px;
  if (height > window.height_px) {
    height = window.height_px;
    width = int64_t{window.height_px} * picture.width_px / picture.height_px;
  }
  width = std::max<int64_t>(width, 1);
  height = std::max<int64_t>(height, 1);
  Layout layout;
  layout.picture = {static_cast<int32_t>((window.width_px - width) / 2),
                    static_cast<int32_t>((window.height_px - height) / 2),
                    static_cast<int32_t>(width), static_cast<int32_t>(height)};
  layout.hard_edges =
      width % picture.width_px == 0 && height % picture.height_px == 0;
  layout.average = width * kCardShrinksTo.denominator <=
                       picture.width_px * kCardShrinksTo.numerator ||
                   height * kCardShrinksTo.denominator <=
                       picture.height_px * kCardShrinksTo.numerator;
  return layout;
}

}  // namespace oriel::clients
