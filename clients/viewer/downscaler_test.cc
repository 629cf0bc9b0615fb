#include "clients/viewer/downscaler.h"

#include <random>

#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

Picture Noise(Size size, uint32_t seed) {
  std::mt19937 random(seed);
  Picture picture(size);
  for (int32_t y = 0; y < size.height_px; ++y) {
    for (int32_t x = 0; x < size.width_px; ++x) {
      for (int i = 0; i < 3; ++i) {
        picture.MutableAt(x, y)[i] = static_cast<uint8_t>(random());
      }
    }
  }
  return picture;
}

// Another way to the same number: every pixel is cut into `to` times `to`
// squares, of which each pixel of the result counts `from` times `from`.
uint8_t MeanOfSquares(const Picture& picture, Size to, int32_t x, int32_t y,
                      int channel) {
  const Size from = picture.size();
  uint64_t total = 0;
  for (int32_t v = 0; v < from.height_px; ++v) {
    for (int32_t u = 0; u < from.width_px; ++u) {
      const int32_t column = (x * from.width_px + u) / to.width_px;
      const int32_t row = (y * from.height_px + v) / to.height_px;
      total += picture.At(column, row)[channel];
    }
  }
  const auto count = static_cast<uint64_t>(from.AreaPx());
  return static_cast<uint8_t>((2 * total + count) / (2 * count));
}

void ExpectMeans(const Picture& picture, Size to) {
  Downscaler downscaler(picture.size(), to);
  const std::vector<uint8_t> scaled =
      downscaler.Scale(picture.view(), Rect::Of(to));
  ASSERT_EQ(scaled.size(), size_t(to.AreaPx()) * kBytesPerPixel);
  for (int32_t y = 0; y < to.height_px; ++y) {
    for (int32_t x = 0; x < to.width_px; ++x) {
      const uint8_t* pixel =
          &scaled[(size_t(y) * to.width_px + x) * kBytesPerPixel];
      for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(int{pixel[i]}, int{MeanOfSquares(picture, to, x, y, i)})
            << picture.size().width_px << "x" << picture.size().height_px
            << " to " << to.width_px << "x" << to.height_px << " at " << x
            << "," << y;
      }
      ASSERT_EQ(pixel[3], 0xFF);
    }
  }
}

TEST(DownscalerTest, EveryPixelIsTheMeanOfWhatItCoversForAnyFactors) {
  const Size from{48, 36};
  const Picture picture = Noise(from, 1);
  for (const Size to : {Size{48, 36},
                        {24, 18},
                        {16, 12},
                        {12, 36},
                        {48, 9},
                        {47, 35},
                        {31, 23},
                        {25, 7},
                        {5, 29},
                        {1, 1}}) {
    ExpectMeans(picture, to);
  }
  ExpectMeans(Noise({37, 41}, 2), {13, 19});
  ExpectMeans(Noise({101, 3}, 3), {7, 2});
}

TEST(DownscalerTest, ThinLinesBecomeGreyInsteadOfVanishing) {
  // Every fourth column is white; at a quarter of the size all is one grey.
  Picture lines({64, 8});
  for (int32_t y = 0; y < 8; ++y) {
    for (int32_t x = 0; x < 64; x += 4) {
      for (int i = 0; i < 3; ++i) lines.MutableAt(x, y)[i] = 255;
    }
  }
  Downscaler downscaler({64, 8}, {16, 2});
  for (const uint8_t value : downscaler.Scale(lines.view(), {0, 0, 16, 2})) {
    EXPECT_TRUE(value == 64 || value == 255) << int{value};
  }
}

TEST(DownscalerTest, APartIsTheSameAsInTheWhole) {
  const Size from{97, 61};
  const Size to{40, 23};
  const Picture picture = Noise(from, 4);
  Downscaler downscaler(from, to);
  const std::vector<uint8_t> whole =
      downscaler.Scale(picture.view(), Rect::Of(to));
  for (const Rect& damage :
       {Rect{0, 0, 1, 1}, {96, 60, 1, 1}, {10, 7, 30, 5}, {0, 0, 97, 61}}) {
    const Rect part = downscaler.Touched(damage);
    ASSERT_TRUE(Rect::Of(to).Contains(part));
    const std::vector<uint8_t>& scaled = downscaler.Scale(picture.view(), part);
    for (int32_t y = 0; y < part.height_px; ++y) {
      for (int32_t x = 0; x < part.width_px * kBytesPerPixel; ++x) {
        ASSERT_EQ(scaled[size_t(y) * part.width_px * kBytesPerPixel + x],
                  whole[(size_t(part.y_px + y) * to.width_px + part.x_px) *
                            kBytesPerPixel +
                        x]);
      }
    }
  }
}

TEST(DownscalerTest, WhatIsNotTouchedKeepsItsValue) {
  const Size from{53, 47};
  const Size to{17, 19};
  const Picture before = Noise(from, 5);
  Downscaler downscaler(from, to);
  const std::vector<uint8_t> old =
      downscaler.Scale(before.view(), Rect::Of(to));
  std::mt19937 random(6);
  for (int round = 0; round < 50; ++round) {
    const Rect damage{static_cast<int32_t>(random() % 50),
                      static_cast<int32_t>(random() % 44), 3, 3};
    Picture after = before;
    for (int32_t y = damage.y_px; y < damage.bottom_px(); ++y) {
      for (int32_t x = damage.x_px; x < damage.right_px(); ++x) {
        for (int i = 0; i < 3; ++i) after.MutableAt(x, y)[i] ^= 0xFF;
      }
    }
    const Rect touched = downscaler.Touched(damage);
    const std::vector<uint8_t>& now =
        downscaler.Scale(after.view(), Rect::Of(to));
    for (int32_t y = 0; y < to.height_px; ++y) {
      for (int32_t x = 0; x < to.width_px; ++x) {
        if (touched.Contains({x, y, 1, 1})) continue;
        for (int i = 0; i < kBytesPerPixel; ++i) {
          const size_t at =
              (size_t(y) * to.width_px + x) * kBytesPerPixel + size_t(i);
          ASSERT_EQ(now[at], old[at]);
        }
      }
    }
  }
}

TEST(DownscalerTest, TheLargestSumsDoNotOverflow) {
  Picture white({16384, 3});
  for (int32_t y = 0; y < 3; ++y) {
    for (int32_t x = 0; x < 16384; ++x) {
      for (int i = 0; i < 3; ++i) white.MutableAt(x, y)[i] = 255;
    }
  }
  for (const Size to : {Size{1, 1}, {16383, 2}, {8191, 3}}) {
    Downscaler downscaler(white.size(), to);
    for (const uint8_t value : downscaler.Scale(white.view(), Rect::Of(to))) {
      ASSERT_EQ(value, 255);
    }
  }
}

}  // namespace
}  // namespace oriel::clients
