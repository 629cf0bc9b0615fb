#pragma once

#include <cstdint>

namespace oriel::capture::sim {

// The colour of pixel (x, y) of oriel-sim's scene "pattern", 0xFFRRGGBB. A
// function of the position alone, so that a test knows every pixel of every
// size; and swapped
// channels, a wrong stride or an offset by one are all noticed. 64 pixel
// squares alternate between three kinds, so that an encoder meets a fill, a
// gradient and noise.
constexpr uint32_t PatternPixel(int32_t x_px, int32_t y_px) {
  const auto x = static_cast<uint32_t>(x_px);
  const auto y = static_cast<uint32_t>(y_px);
  const uint32_t column = x / 64;
  const uint32_t row = y / 64;
  switch ((column + row) % 3) {
    case 0: {
      const uint32_t red = (column * 37 + 40) & 0xFF;
      const uint32_t green = (row * 53 + 80) & 0xFF;
      const uint32_t blue = (column * 11 + row * 29 + 120) & 0xFF;
      return 0xFF000000u | red << 16 | green << 8 | blue;
    }
    case 1: {
      const uint32_t red = x & 0xFF;
      const uint32_t green = y & 0xFF;
      const uint32_t blue = (x + 2 * y + 64 * row) & 0xFF;
      return 0xFF000000u | red << 16 | green << 8 | blue;
    }
    default: {
      uint32_t hash = x * 0x9E3779B1u ^ y * 0x85EBCA77u;
      hash ^= hash >> 15;
      hash *= 0x2C1B3C6Du;
      hash ^= hash >> 13;
      return 0xFF000000u | (hash & 0xFFFFFFu);
    }
  }
}

}  // namespace oriel::capture::sim
