#include "encoder/test_pictures.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace oriel::encoder {
namespace {

constexpr uint32_t kWhite = 0xFFFFFF;

void SetPixel(Picture& picture, int32_t x_px, int32_t y_px, uint8_t blue,
              uint8_t green, uint8_t red) {
  uint8_t* pixel = picture.MutableAt(x_px, y_px);
  pixel[0] = blue;
  pixel[1] = green;
  pixel[2] = red;
}

}  // namespace

BandedPicture ToBanded(const Picture& picture) {
  BandedPicture banded(picture.size());
  for (int band = 0; band < banded.band_count(); ++band) {
    const Rect rect = banded.BandRect(band);
    std::memcpy(banded.MutableBand(band), picture.At(0, rect.y_px),
                picture.stride_bytes() * rect.height_px);
  }
  return banded;
}

void FillRect(Picture& picture, const Rect& rect, uint32_t rgb) {
  const Rect inside = Intersection(rect, Rect::Of(picture.size()));
  for (int32_t y = inside.y_px; y < inside.bottom_px(); ++y) {
    for (int32_t x = inside.x_px; x < inside.right_px(); ++x) {
      SetPixel(picture, x, y, rgb & 0xFF, rgb >> 8 & 0xFF, rgb >> 16 & 0xFF);
    }
  }
}

Typewriter::Typewriter() : random_(20) {
  std::memset(shades_, 0xFF, sizeof(shades_));
  for (auto& letter : shades_) {
    // Three strokes, each with lighter neighbours.
    for (int stroke = 0; stroke < 3; ++stroke) {
      const bool upright = random_() % 2 == 0;
      const int at = 1 + static_cast<int>(random_() % (upright ? 5 : 9));
      for (int i = 0; i < (upright ? 10 : 6); ++i) {
        const int x = upright ? at : i;
        const int y = upright ? 3 + i : 3 + at;
        letter[y][x] = 0x20;
        uint8_t& edge = upright ? letter[y][x + 1] : letter[y + 1][x];
        edge = std::min<uint8_t>(edge, 0x80 + 16 * (random_() % 4));
      }
    }
  }
}

void Typewriter::DrawLetter(Picture& picture, int32_t x_px, int32_t y_px,
                            int letter) {
  for (int32_t y = 0; y < kLineHeightPx; ++y) {
    if (y_px + y >= picture.size().height_px) return;
    for (int32_t x = 0; x < kLetterWidthPx; ++x) {
      if (x_px + x >= picture.size().width_px) break;
      const uint8_t shade = shades_[letter % kLetters][y][x];
      SetPixel(picture, x_px + x, y_px + y, shade, shade, shade);
    }
  }
}

void Typewriter::DrawLine(Picture& picture, int32_t left_px, int32_t right_px,
                          int32_t y_px) {
  FillRect(picture, {left_px, y_px, right_px - left_px, kLineHeightPx}, kWhite);
  const int32_t end_px =
      right_px - static_cast<int32_t>(random_() % 20) * kLetterWidthPx;
  int word_left = 3;
  for (int32_t x = left_px; x + kLetterWidthPx <= end_px; x += kLetterWidthPx) {
    if (--word_left == 0) {
      word_left = 2 + static_cast<int>(random_() % 9);
      continue;
    }
    DrawLetter(picture, x, y_px, static_cast<int>(random_() % 26));
  }
}

Picture Typewriter::Page(Size size) {
  Picture page(size);
  FillRect(page, Rect::Of(size), kWhite);
  const int32_t margin_px = size.width_px / 20;
  for (int32_t y = 4; y + kLineHeightPx <= size.height_px; y += kLineHeightPx) {
    DrawLine(page, margin_px, size.width_px - margin_px, y);
  }
  return page;
}

void ScrollUp(Picture& picture, const Rect& rect, int32_t rows) {
  const size_t row_bytes = size_t(rect.width_px) * kBytesPerPixel;
  for (int32_t y = rect.y_px; y + rows < rect.bottom_px(); ++y) {
    std::memcpy(picture.MutableAt(rect.x_px, y),
                picture.At(rect.x_px, y + rows), row_bytes);
  }
  FillRect(picture, {rect.x_px, rect.bottom_px() - rows, rect.width_px, rows},
           kWhite);
}

Picture SmoothPicture(Size size) {
  Picture picture(size);
  for (int32_t y = 0; y < size.height_px; ++y) {
    for (int32_t x = 0; x < size.width_px; ++x) {
      const auto wave = [&](double period, double shift) {
        return static_cast<uint8_t>(
            128 + 100 * std::sin((x + y * 0.7) / period + shift));
      };
      SetPixel(picture, x, y, wave(90, 0), wave(130, 1), wave(170, 2));
    }
  }
  return picture;
}

Picture FilmPicture(Size size, int frame) {
  std::minstd_rand grain(frame + 1);
  Picture picture(size);
  // Slow waves by column and row; their sum is cheap for each pixel.
  std::vector<int> across(size.width_px);
  for (int32_t x = 0; x < size.width_px; ++x) {
    across[x] = static_cast<int>(60 * std::sin((x + frame * 3) / 47.0));
  }
  for (int32_t y = 0; y < size.height_px; ++y) {
    const int down = static_cast<int>(50 * std::sin((y - frame * 2) / 31.0));
    for (int32_t x = 0; x < size.width_px; ++x) {
      const bool edge = ((x + frame * 4) / 60 + (y + frame) / 45) % 3 == 0;
      const int level =
          128 + across[x] + down + (edge ? 12 : 0) + int(grain() >> 8 & 7);
      SetPixel(picture, x, y, std::clamp(level - 20, 0, 255),
               std::clamp(level, 0, 255), std::clamp(300 - level, 0, 255));
    }
  }
  return picture;
}

Picture NoisePicture(Size size, uint32_t seed) {
  std::mt19937 random(seed);
  Picture picture(size);
  for (int32_t y = 0; y < size.height_px; ++y) {
    for (int32_t x = 0; x < size.width_px; ++x) {
      const uint32_t value = random();
      SetPixel(picture, x, y, value & 0xFF, value >> 8 & 0xFF,
               value >> 16 & 0xFF);
    }
  }
  return picture;
}

}  // namespace oriel::encoder
