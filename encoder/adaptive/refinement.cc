#include "encoder/adaptive/refinement.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace oriel::encoder {
namespace {

// Every so many rows and columns is looked at.
constexpr int32_t kRowStep = 4;
constexpr int32_t kColumnStep = 4;

struct Part {
  Damage damage;
  int64_t area_px = 0;
  double harm = 0;  // a pixel
};

// The mean difference between neighbours in a row, of all three colours: what
// quantisation and halved chroma blur.
double Harm(const BandedPicture& picture, const std::vector<Rect>& rects) {
  int64_t sum = 0;
  int64_t count = 0;
  for (const Rect& rect : rects) {
    for (int32_t y = rect.y_px; y < rect.bottom_px(); y += kRowStep) {
      const uint8_t* row = picture.Row(y);
      for (int32_t x = rect.x_px; x + 1 < rect.right_px(); x += kColumnStep) {
        const uint8_t* at = row + size_t(x) * kBytesPerPixel;
        for (int channel = 0; channel < 3; ++channel)
          sum += std::abs(at[channel] - at[channel + kBytesPerPixel]);
        ++count;
      }
    }
  }
  return count == 0 ? 0 : double(sum) / double(count);
}

}  // namespace

Damage WorstOf(const Damage& inexact, const BandedPicture& picture,
               int64_t max_px) {
  std::vector<Part> parts;
  for (int band = 0; band < picture.band_count(); ++band) {
    Part part;
    part.damage = inexact;
    part.damage.IntersectWith(picture.BandRect(band));
    if (part.damage.empty()) continue;
    part.area_px = part.damage.AreaPx();
    part.harm = Harm(picture, part.damage.Rects());
    parts.push_back(std::move(part));
  }
  std::stable_sort(
      parts.begin(), parts.end(),
      [](const Part& a, const Part& b) { return a.harm > b.harm; });
  Damage worst;
  int64_t area_px = 0;
  for (const Part& part : parts) {
    if (area_px != 0 && area_px + part.area_px > max_px) break;
    worst.Add(part.damage);
    area_px += part.area_px;
  }
  return worst;
}

}  // namespace oriel::encoder
