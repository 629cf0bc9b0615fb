#include "capture/damage/tile_kernel.h"

#include <cstring>

// Highway compiles this file once for each kind of processor.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "capture/damage/tile_kernel.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace oriel::capture::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// At most 32 bytes: wider vectors compare at nine tenths of that speed, as
// glibc's memcmp knows, too. A tile's row is a multiple of that in every
// format.
using Words = hn::CappedTag<uint32_t, 8>;
constexpr Words kWords;

inline uint32_t Get(const uint8_t* at, size_t size_bytes = sizeof(uint32_t)) {
  uint32_t value = 0;
  std::memcpy(&value, at, size_bytes);
  return value;
}

inline auto Load(const uint8_t* at) {
  return hn::LoadU(kWords, reinterpret_cast<const uint32_t*>(at));
}

// What is left of a run behind its whole vectors.
inline bool TailDiffers(const uint8_t* a, const uint8_t* b, size_t size_bytes,
                        uint32_t mask) {
  uint32_t difference = 0;
  size_t i = 0;
  for (; i + sizeof(mask) <= size_bytes; i += sizeof(mask)) {
    difference |= Get(a + i) ^ Get(b + i);
  }
  const size_t rest = size_bytes - i;
  if (rest != 0) difference |= Get(a + i, rest) ^ Get(b + i, rest);
  return (difference & mask) != 0;
}

// To the second-level cache: the first has no room for two rows.
inline void BringNear(const uint8_t* at, size_t size_bytes) {
  constexpr size_t kCacheLineBytes = 64;
  for (size_t i = 0; i < size_bytes; i += kCacheLineBytes)
    __builtin_prefetch(at + i, /*write=*/0, /*locality=*/2);
}

template <bool kAhead>
size_t FindDifference(const uint8_t* a, const uint8_t* b, size_t run_bytes,
                      size_t count, uint32_t mask, const uint8_t* next_a,
                      const uint8_t* next_b) {
  const size_t step = hn::Lanes(kWords) * sizeof(uint32_t);
  const auto masks = hn::Set(kWords, mask);
  const auto zero = hn::Zero(kWords);
  for (size_t run = 0; run < count; ++run) {
    if constexpr (kAhead) {
      BringNear(next_a + run * run_bytes, run_bytes);
      BringNear(next_b + run * run_bytes, run_bytes);
    }
    auto first = zero;
    auto second = zero;
    size_t i = 0;
    for (; i + 4 * step <= run_bytes; i += 4 * step) {
      first = hn::Or(first,
                     hn::Or(hn::Xor(Load(a + i), Load(b + i)),
                            hn::Xor(Load(a + i + step), Load(b + i + step))));
      second = hn::Or(
          second,
          hn::Or(hn::Xor(Load(a + i + 2 * step), Load(b + i + 2 * step)),
                 hn::Xor(Load(a + i + 3 * step), Load(b + i + 3 * step))));
    }
    for (; i + step <= run_bytes; i += step) {
      first = hn::Or(first, hn::Xor(Load(a + i), Load(b + i)));
    }
    const auto difference = hn::And(hn::Or(first, second), masks);
    if (!hn::AllTrue(kWords, hn::Eq(difference, zero)) ||
        TailDiffers(a + i, b + i, run_bytes - i, mask)) {
      return run;
    }
    a += run_bytes;
    b += run_bytes;
  }
  return count;
}

size_t FirstHere(const uint8_t* a, const uint8_t* b, size_t run_bytes,
                 size_t count, uint32_t mask) {
  return FindDifference<false>(a, b, run_bytes, count, mask, nullptr, nullptr);
}

size_t FirstAhead(const uint8_t* a, const uint8_t* b, size_t run_bytes,
                  size_t count, uint32_t mask, const uint8_t* next_a,
                  const uint8_t* next_b) {
  return FindDifference<true>(a, b, run_bytes, count, mask, next_a, next_b);
}

void LoadOpaque(const uint8_t* in, size_t count_px, uint8_t* out) {
  constexpr uint32_t kOpaque = 0xFF000000;
  const size_t step = hn::Lanes(kWords);
  const auto opaque = hn::Set(kWords, kOpaque);
  size_t x = 0;
  for (; x + step <= count_px; x += step) {
    hn::StoreU(hn::Or(Load(in + 4 * x), opaque), kWords,
               reinterpret_cast<uint32_t*>(out + 4 * x));
  }
  for (; x < count_px; ++x) {
    const uint32_t pixel = Get(in + 4 * x) | kOpaque;
    std::memcpy(out + 4 * x, &pixel, sizeof(pixel));
  }
}

uint64_t DifferingPixels(const uint8_t* a, const uint8_t* b, size_t count_px) {
  const size_t step = hn::Lanes(kWords);
  uint64_t bits = 0;
  size_t x = 0;
  for (; x + step <= count_px; x += step) {
    uint8_t some[8] = {};
    hn::StoreMaskBits(kWords, hn::Ne(Load(a + 4 * x), Load(b + 4 * x)), some);
    uint64_t word = 0;
    std::memcpy(&word, some, sizeof(word));
    bits |= word << x;
  }
  for (; x < count_px; ++x) {
    if (Get(a + 4 * x) != Get(b + 4 * x)) bits |= uint64_t{1} << x;
  }
  return bits;
}

}  // namespace oriel::capture::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oriel::capture {
namespace {

HWY_EXPORT(FirstHere);
HWY_EXPORT(FirstAhead);
HWY_EXPORT(LoadOpaque);
HWY_EXPORT(DifferingPixels);

}  // namespace

size_t FirstDifference(const uint8_t* a, const uint8_t* b, size_t run_bytes,
                       size_t count, uint32_t mask) {
  return HWY_DYNAMIC_DISPATCH(FirstHere)(a, b, run_bytes, count, mask);
}

size_t FirstDifference(const uint8_t* a, const uint8_t* b, size_t run_bytes,
                       size_t count, uint32_t mask, const uint8_t* next_a,
                       const uint8_t* next_b) {
  return HWY_DYNAMIC_DISPATCH(FirstAhead)(a, b, run_bytes, count, mask, next_a,
                                          next_b);
}

void LoadOpaque(const uint8_t* in, size_t count_px, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(LoadOpaque)(in, count_px, out);
}

uint64_t DifferingPixels(const uint8_t* a, const uint8_t* b, size_t count_px) {
  return HWY_DYNAMIC_DISPATCH(DifferingPixels)(a, b, count_px);
}

}  // namespace oriel::capture
#endif
