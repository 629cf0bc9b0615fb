#include "encoder/video/yuv_rows.h"

#include <algorithm>
#include <cstring>

// Highway compiles this file once for each kind of processor.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encoder/video/yuv_rows.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace oriel::encoder::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kBytesPerPixel = 4;
constexpr size_t kMaxLanes = 32;
// ITU-R BT.709-6, items 3.2 to 3.5 and 4.6, times 2^15. Those of luma sum up to
// 219/255, those of chroma to nothing, so that grey stays grey.
struct Weights {
  int16_t blue, green, red;
};
constexpr Weights kLuma = {2032, 20127, 5983};
constexpr Weights kBlueness = {14392, -11094, -3298};
constexpr Weights kRedness = {-1320, -13072, 14392};
// Sums are made in units of 1/128.
constexpr int kUnitBits = 7;
constexpr int16_t kHalf = 64;
constexpr int16_t kBlack = 16 * 128 + kHalf;
constexpr int16_t kGrey = 128 * 128 + kHalf;

#if HWY_TARGET == HWY_SCALAR
// A vector of one byte is no pair of pixels.

constexpr size_t StepPx() { return 2; }

// Of the mean of `count` pixels' colours.
inline uint8_t Weighted(const uint8_t* const* pixels, int count,
                        const Weights& weights, int offset) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += pixels[i][0] * weights.blue + pixels[i][1] * weights.green +
           pixels[i][2] * weights.red;
  }
  constexpr int kWeightBits = 15;
  return static_cast<uint8_t>(
      (sum / count + offset * (1 << (kWeightBits - kUnitBits))) >> kWeightBits);
}

inline void RowStep(const uint8_t* row, uint8_t* y, uint8_t* u, uint8_t* v) {
  for (size_t x = 0; x < StepPx(); ++x) {
    const uint8_t* const pixel = row + x * kBytesPerPixel;
    y[x] = Weighted(&pixel, 1, kLuma, kBlack);
    u[x] = Weighted(&pixel, 1, kBlueness, kGrey);
    v[x] = Weighted(&pixel, 1, kRedness, kGrey);
  }
}

inline void TwoRowsStep(const uint8_t* upper, const uint8_t* lower,
                        uint8_t* upper_y, uint8_t* lower_y, uint8_t* u,
                        uint8_t* v) {
  const uint8_t* const pixels[] = {upper, upper + kBytesPerPixel, lower,
                                   lower + kBytesPerPixel};
  for (size_t x = 0; x < StepPx(); ++x) {
    upper_y[x] = Weighted(&pixels[x], 1, kLuma, kBlack);
    lower_y[x] = Weighted(&pixels[2 + x], 1, kLuma, kBlack);
  }
  *u = Weighted(pixels, 4, kBlueness, kGrey);
  *v = Weighted(pixels, 4, kRedness, kGrey);
}

#else

using Bytes = hn::CappedTag<uint8_t, kMaxLanes>;
using Words = hn::Repartition<uint16_t, Bytes>;
using Numbers = hn::Repartition<int16_t, Bytes>;
using HalfBytes = hn::Rebind<uint8_t, Numbers>;
constexpr Bytes kBytes;
constexpr Words kWords;
constexpr Numbers kNumbers;
constexpr HalfBytes kHalfBytes;
using ByteVector = hn::Vec<Bytes>;
using Vector = hn::Vec<Numbers>;

inline size_t StepPx() { return hn::Lanes(kBytes); }

struct Pixels {
  ByteVector blue, green, red;
};
// Of every second pixel, or of sums of pixels.
struct Colours {
  Vector blue, green, red;
};

inline Pixels Load(const uint8_t* at) {
  Pixels pixels;
  ByteVector unused;
  hn::LoadInterleaved4(kBytes, at, pixels.blue, pixels.green, pixels.red,
                       unused);
  return pixels;
}

inline Vector EvenOf(ByteVector bytes) {
  return hn::BitCast(
      kNumbers, hn::And(hn::BitCast(kWords, bytes), hn::Set(kWords, 0xFF)));
}
inline Vector OddOf(ByteVector bytes) {
  return hn::BitCast(kNumbers, hn::ShiftRight<8>(hn::BitCast(kWords, bytes)));
}
inline Colours Even(const Pixels& pixels) {
  return {EvenOf(pixels.blue), EvenOf(pixels.green), EvenOf(pixels.red)};
}
inline Colours Odd(const Pixels& pixels) {
  return {OddOf(pixels.blue), OddOf(pixels.green), OddOf(pixels.red)};
}

inline Colours operator+(const Colours& a, const Colours& b) {
  return {hn::Add(a.blue, b.blue), hn::Add(a.green, b.green),
          hn::Add(a.red, b.red)};
}

// kSumBits: of the number of pixels that the colours are the sum of.
template <int kSumBits>
inline Vector Weighted(const Colours& colours, const Weights& weights,
                       int16_t offset) {
  constexpr int kShift = kUnitBits - kSumBits;
  const auto part = [](Vector colour, int16_t weight) {
    return hn::MulFixedPoint15(hn::ShiftLeft<kShift>(colour),
                               hn::Set(kNumbers, weight));
  };
  const Vector sum = hn::Add(
      hn::Add(part(colours.blue, weights.blue),
              part(colours.green, weights.green)),
      hn::Add(part(colours.red, weights.red), hn::Set(kNumbers, offset)));
  return hn::ShiftRight<kUnitBits>(sum);
}

// A byte for each pixel.
inline void StoreEach(const Colours& even, const Colours& odd,
                      const Weights& weights, int16_t offset, uint8_t* out) {
  const Vector low = Weighted<0>(even, weights, offset);
  const Vector high = hn::ShiftLeft<8>(Weighted<0>(odd, weights, offset));
  hn::StoreU(hn::BitCast(kBytes, hn::Or(low, high)), kBytes, out);
}

inline void StoreMeans(const Colours& sums, const Weights& weights,
                       uint8_t* out) {
  hn::StoreU(hn::DemoteTo(kHalfBytes, Weighted<2>(sums, weights, kGrey)),
             kHalfBytes, out);
}

inline void TwoRowsStep(const uint8_t* upper, const uint8_t* lower,
                        uint8_t* upper_y, uint8_t* lower_y, uint8_t* u,
                        uint8_t* v) {
  const Pixels above = Load(upper);
  const Pixels below = Load(lower);
  StoreEach(Even(above), Odd(above), kLuma, kBlack, upper_y);
  StoreEach(Even(below), Odd(below), kLuma, kBlack, lower_y);
  const Colours sums = (Even(above) + Odd(above)) + (Even(below) + Odd(below));
  StoreMeans(sums, kBlueness, u);
  StoreMeans(sums, kRedness, v);
}

inline void RowStep(const uint8_t* row, uint8_t* y, uint8_t* u, uint8_t* v) {
  const Pixels pixels = Load(row);
  const Colours even = Even(pixels);
  const Colours odd = Odd(pixels);
  StoreEach(even, odd, kLuma, kBlack, y);
  StoreEach(even, odd, kBlueness, kGrey, u);
  StoreEach(even, odd, kRedness, kGrey, v);
}

#endif  // HWY_TARGET == HWY_SCALAR

// What is left of a row behind its whole vectors, with the last pixel again.
inline void CopyTail(const uint8_t* row, size_t count_px, uint8_t* out) {
  std::memcpy(out, row, count_px * kBytesPerPixel);
  std::memcpy(out + count_px * kBytesPerPixel,
              row + (count_px - 1) * kBytesPerPixel, kBytesPerPixel);
}

void TwoRows(const uint8_t* upper, const uint8_t* lower, size_t width_px,
             uint8_t* upper_y, uint8_t* lower_y, uint8_t* u, uint8_t* v) {
  const size_t step_px = StepPx();
  size_t x = 0;
  for (; x + step_px <= width_px; x += step_px) {
    TwoRowsStep(upper + x * kBytesPerPixel, lower + x * kBytesPerPixel,
                upper_y + x, lower_y + x, u + x / 2, v + x / 2);
  }
  if (x == width_px) return;
  const size_t rest_px = width_px - x;
  const size_t pairs = (rest_px + 1) / 2;
  uint8_t above[(kMaxLanes + 1) * kBytesPerPixel] = {};
  uint8_t below[(kMaxLanes + 1) * kBytesPerPixel] = {};
  uint8_t out[4][kMaxLanes];
  CopyTail(upper + x * kBytesPerPixel, rest_px, above);
  CopyTail(lower + x * kBytesPerPixel, rest_px, below);
  TwoRowsStep(above, below, out[0], out[1], out[2], out[3]);
  std::memcpy(upper_y + x, out[0], pairs * 2);
  std::memcpy(lower_y + x, out[1], pairs * 2);
  std::memcpy(u + x / 2, out[2], pairs);
  std::memcpy(v + x / 2, out[3], pairs);
}

void OneRow(const uint8_t* row, size_t width_px, uint8_t* y, uint8_t* u,
            uint8_t* v) {
  const size_t step_px = StepPx();
  size_t x = 0;
  for (; x + step_px <= width_px; x += step_px)
    RowStep(row + x * kBytesPerPixel, y + x, u + x, v + x);
  if (x == width_px) return;
  const size_t rest_px = width_px - x;
  const size_t even_px = (rest_px + 1) / 2 * 2;
  uint8_t pixels[(kMaxLanes + 1) * kBytesPerPixel] = {};
  uint8_t out[3][kMaxLanes];
  CopyTail(row + x * kBytesPerPixel, rest_px, pixels);
  RowStep(pixels, out[0], out[1], out[2]);
  std::memcpy(y + x, out[0], even_px);
  std::memcpy(u + x, out[1], even_px);
  std::memcpy(v + x, out[2], even_px);
}

}  // namespace oriel::encoder::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oriel::encoder {
namespace {

HWY_EXPORT(TwoRows);
HWY_EXPORT(OneRow);

}  // namespace

void ConvertTwoRows(const uint8_t* upper, const uint8_t* lower, size_t width_px,
                    uint8_t* upper_y, uint8_t* lower_y, uint8_t* u,
                    uint8_t* v) {
  HWY_DYNAMIC_DISPATCH(TwoRows)(upper, lower, width_px, upper_y, lower_y, u, v);
}

void ConvertRow(const uint8_t* row, size_t width_px, uint8_t* y, uint8_t* u,
                uint8_t* v) {
  HWY_DYNAMIC_DISPATCH(OneRow)(row, width_px, y, u, v);
}

}  // namespace oriel::encoder
#endif
