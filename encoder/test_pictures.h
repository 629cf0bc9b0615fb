#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "base/picture/banded_picture.h"
#include "base/picture/picture.h"
#include "base/picture/rect.h"

namespace oriel::encoder {

BandedPicture ToBanded(const Picture& picture);

void FillRect(Picture& picture, const Rect& rect, uint32_t rgb);

// Draws made-up letters with smoothed edges that weigh about what real text
// does; the same ones in every run.
class Typewriter {
 public:
  static constexpr int32_t kLetterWidthPx = 8;
  static constexpr int32_t kLineHeightPx = 16;

  Typewriter();
  void DrawLetter(Picture& picture, int32_t x_px, int32_t y_px, int letter);
  // One line of random words within [left_px, right_px).
  void DrawLine(Picture& picture, int32_t left_px, int32_t right_px,
                int32_t y_px);
  // White, full of lines with margins.
  Picture Page(Size size);

 private:
  static constexpr int kLetters = 60;
  std::mt19937 random_;
  uint8_t shades_[kLetters][kLineHeightPx][kLetterWidthPx];
};

// The picture moves up by `rows`; what comes in from below is white.
void ScrollUp(Picture& picture, const Rect& rect, int32_t rows);

// Slow colour gradients, as in a photograph out of focus.
Picture SmoothPicture(Size size);

// One of a film's pictures: shapes that move a few pixels a frame, with grain.
Picture FilmPicture(Size size, int frame);

// Every byte random but X.
Picture NoisePicture(Size size, uint32_t seed);

}  // namespace oriel::encoder
