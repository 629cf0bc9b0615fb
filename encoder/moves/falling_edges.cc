#include "encoder/moves/falling_edges.h"

#include <algorithm>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/picture/picture.h"

namespace oriel::encoder {
namespace {

constexpr int32_t kWordPx = 64;

int32_t PixelAt(const uint8_t* row, int32_t x_px) {
  int32_t pixel;
  std::memcpy(&pixel, row + size_t(x_px) * kBytesPerPixel, sizeof(pixel));
  return pixel;
}

#ifdef __SSE2__
__m128i Falls(const uint8_t* pixels) {
  const auto* here = reinterpret_cast<const __m128i*>(pixels);
  const auto* next = reinterpret_cast<const __m128i*>(pixels + kBytesPerPixel);
  return _mm_cmpgt_epi32(_mm_loadu_si128(here), _mm_loadu_si128(next));
}

// Reads one pixel more than the word has.
uint64_t WholeWord(const uint8_t* pixels) {
  uint64_t word = 0;
  for (int part = 0; part < 4; ++part, pixels += 16 * kBytesPerPixel) {
    const __m128i low = _mm_packs_epi32(Falls(pixels), Falls(pixels + 16));
    const __m128i high =
        _mm_packs_epi32(Falls(pixels + 32), Falls(pixels + 48));
    const int bits = _mm_movemask_epi8(_mm_packs_epi16(low, high));
    word |= uint64_t(static_cast<uint32_t>(bits)) << (16 * part);
  }
  return word;
}
#endif

}  // namespace

void FallingEdges(const uint8_t* row, int32_t width_px,
                  std::vector<uint64_t>& bits) {
  const size_t words = (width_px + kWordPx - 1) / kWordPx;
  bits.resize(words + 1);
  int32_t x = 0;
#ifdef __SSE2__
  for (; x + kWordPx < width_px; x += kWordPx) {
    bits[x / kWordPx] = WholeWord(row + size_t(x) * kBytesPerPixel);
  }
#endif
  std::fill(bits.begin() + x / kWordPx, bits.end(), 0);
  for (; x + 1 < width_px; ++x) {
    const uint64_t falls = PixelAt(row, x) > PixelAt(row, x + 1);
    bits[x / kWordPx] |= falls << (x % kWordPx);
  }
}

}  // namespace oriel::encoder
