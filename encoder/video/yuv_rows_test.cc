#include "encoder/video/yuv_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "hwy/targets.h"

namespace oriel::encoder {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr double kTolerance = 0.55;  // rounding, and a little of its own

struct Yuv {
  double y, u, v;
};

// ITU-R BT.709-6, items 3.2 to 3.4 and 4.6.
Yuv Exactly(double blue, double green, double red) {
  const double luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return {16 + luma * 219 / 255, 128 + (blue - luma) / 1.8556 * 224 / 255,
          128 + (red - luma) / 1.5748 * 224 / 255};
}

Yuv At(const Bytes& row, size_t x) {
  return Exactly(row[x * 4], row[x * 4 + 1], row[x * 4 + 2]);
}

Bytes RandomRow(size_t width_px, std::mt19937& random) {
  Bytes row(width_px * 4);
  // Many extremes: sums must not overflow.
  for (uint8_t& byte : row) {
    const unsigned value = random();
    byte = value % 4 == 0 ? 255 : value % 4 == 1 ? 0 : uint8_t(value >> 8);
  }
  return row;
}

template <typename Test>
void ForEachTarget(const Test& test) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    test();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

// Each output has one byte more, which stays as it is.
constexpr uint8_t kUntouched = 0xA5;

TEST(YuvRowsTest, TwoRowsAreAsBt709SaysForEveryWidth) {
  ForEachTarget([] {
    std::mt19937 random(1);
    for (size_t width = 1; width < 140; ++width) {
      const Bytes rows[2] = {RandomRow(width, random),
                             RandomRow(width, random)};
      const size_t pairs = (width + 1) / 2;
      Bytes y[2] = {Bytes(pairs * 2 + 1, kUntouched),
                    Bytes(pairs * 2 + 1, kUntouched)};
      Bytes u(pairs + 1, kUntouched), v(pairs + 1, kUntouched);
      ConvertTwoRows(rows[0].data(), rows[1].data(), width, y[0].data(),
                     y[1].data(), u.data(), v.data());
      for (size_t x = 0; x < pairs * 2; ++x) {
        for (int i = 0; i < 2; ++i) {
          ASSERT_NEAR(y[i][x], At(rows[i], std::min(x, width - 1)).y,
                      kTolerance)
              << width << ": " << x;
        }
      }
      for (size_t pair = 0; pair < pairs; ++pair) {
        double mean_u = 0, mean_v = 0;
        for (const Bytes& row : rows) {
          for (const size_t x : {pair * 2, std::min(pair * 2 + 1, width - 1)}) {
            mean_u += At(row, x).u / 4;
            mean_v += At(row, x).v / 4;
          }
        }
        ASSERT_NEAR(u[pair], mean_u, kTolerance) << width << ": " << pair;
        ASSERT_NEAR(v[pair], mean_v, kTolerance) << width << ": " << pair;
      }
      for (const Bytes& out : {y[0], y[1], u, v})
        ASSERT_EQ(out.back(), kUntouched) << width;
    }
  });
}

TEST(YuvRowsTest, ARowIsAsBt709SaysForEveryWidth) {
  ForEachTarget([] {
    std::mt19937 random(2);
    for (size_t width = 1; width < 140; ++width) {
      const Bytes row = RandomRow(width, random);
      const size_t even = (width + 1) / 2 * 2;
      Bytes y(even + 1, kUntouched), u(even + 1, kUntouched),
          v(even + 1, kUntouched);
      ConvertRow(row.data(), width, y.data(), u.data(), v.data());
      for (size_t x = 0; x < even; ++x) {
        const Yuv expected = At(row, std::min(x, width - 1));
        ASSERT_NEAR(y[x], expected.y, kTolerance) << width << ": " << x;
        ASSERT_NEAR(u[x], expected.u, kTolerance) << width << ": " << x;
        ASSERT_NEAR(v[x], expected.v, kTolerance) << width << ": " << x;
      }
      for (const Bytes& out : {y, u, v})
        ASSERT_EQ(out.back(), kUntouched) << width;
    }
  });
}

TEST(YuvRowsTest, GreyStaysGrey) {
  for (int grey = 0; grey < 256; ++grey) {
    const Bytes row(8 * 4, uint8_t(grey));
    Bytes y(8), u(8), v(8);
    ConvertRow(row.data(), 8, y.data(), u.data(), v.data());
    EXPECT_EQ(u[3], 128) << grey;
    EXPECT_EQ(v[3], 128) << grey;
  }
}

}  // namespace
}  // namespace oriel::encoder
