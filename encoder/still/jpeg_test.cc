#include "encoder/still/jpeg.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/picture/picture.h"
#include "encoder/test_pictures.h"

namespace oriel::encoder {
namespace {

// Of `rect`'s pixels as `jpeg` shows them, in dB; below 30 eyes see it.
double Psnr(const Picture& picture, const Rect& rect,
            const std::vector<uint8_t>& shown) {
  double sum = 0;
  const uint8_t* at = shown.data();
  for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
    for (int32_t i = 0; i < rect.width_px * kBytesPerPixel; ++i, ++at) {
      const double error = double(picture.At(rect.x_px, y)[i]) - double(*at);
      sum += error * error;
    }
  }
  const double mean = sum / (double(rect.AreaPx()) * 3);
  return mean == 0 ? 100 : 10 * std::log10(255 * 255 / mean);
}

struct Shown {
  absl::Status status;
  std::vector<uint8_t> pixels;
  size_t size_bytes = 0;
};

Shown RoundTrip(const Picture& picture, const Rect& rect,
                const JpegSettings& settings) {
  Shown shown;
  const auto jpeg = EncodeJpeg(ToBanded(picture), rect, settings);
  if (!jpeg.ok()) return {.status = jpeg.status()};
  shown.size_bytes = jpeg->size();
  shown.pixels.resize(size_t(rect.AreaPx()) * kBytesPerPixel);
  shown.status = DecodeJpeg(*jpeg, {rect.width_px, rect.height_px},
                            settings.shrink, shown.pixels);
  return shown;
}

TEST(JpegTest, ShowsAPhotographAsItIs) {
  const Picture picture = SmoothPicture({640, 480});
  for (const Rect& rect :
       {Rect{0, 0, 640, 480}, Rect{33, 17, 101, 77}, Rect{0, 0, 16, 480}}) {
    const Shown shown = RoundTrip(picture, rect, {.quantizer = 4});
    ASSERT_TRUE(shown.status.ok()) << shown.status;
    EXPECT_GT(Psnr(picture, rect, shown.pixels), 36) << rect.width_px;
  }
}

TEST(JpegTest, APixelIsARectangleToo) {
  for (const int shrink : {1, kMaxShrink}) {
    EXPECT_TRUE(
        RoundTrip(SmoothPicture({64, 48}), {63, 47, 1, 1}, {.shrink = shrink})
            .status.ok());
  }
}

TEST(JpegTest, KeepsColours) {
  Picture picture(Size{64, 64});
  FillRect(picture, {0, 0, 64, 64}, 0xC04020);
  const Shown shown = RoundTrip(picture, {0, 0, 64, 64}, {.quantizer = 4});
  ASSERT_TRUE(shown.status.ok()) << shown.status;
  const size_t middle = (32 * 64 + 32) * kBytesPerPixel;
  EXPECT_NEAR(shown.pixels[middle], 0x20, 4);
  EXPECT_NEAR(shown.pixels[middle + 1], 0x40, 4);
  EXPECT_NEAR(shown.pixels[middle + 2], 0xC0, 4);
  EXPECT_EQ(shown.pixels[middle + 3], 0xFF);
}

TEST(JpegTest, ShrunkItIsSmallerAndStillShowsThePicture) {
  const Picture picture = FilmPicture({401, 303}, 3);
  const Rect all = {0, 0, 401, 303};
  size_t last_bytes = 1 << 30;
  for (const int shrink : {1, 2, 4, kMaxShrink}) {
    const Shown shown =
        RoundTrip(picture, all, {.quantizer = 10, .shrink = shrink});
    ASSERT_TRUE(shown.status.ok()) << shown.status;
    EXPECT_LT(shown.size_bytes, last_bytes);
    EXPECT_GT(Psnr(picture, all, shown.pixels), 18) << shrink;
    last_bytes = shown.size_bytes;
  }
}

class BadJpegTest : public ::testing::Test {
 protected:
  BadJpegTest()
      : jpeg_(*EncodeJpeg(ToBanded(FilmPicture({96, 64}, 1)), {0, 0, 96, 64},
                          {})),
        out_(96 * 64 * kBytesPerPixel) {}

  absl::Status Decode(Size size = {96, 64}, int shrink = 1) {
    return DecodeJpeg(jpeg_, size, shrink, out_);
  }

  std::vector<uint8_t> jpeg_;
  std::vector<uint8_t> out_;
};

TEST_F(BadJpegTest, AnotherSizeIsRefused) {
  ASSERT_TRUE(Decode().ok());
  for (const Size size : {Size{96, 63}, Size{95, 64}, Size{64, 96}, Size{1, 1}})
    EXPECT_TRUE(absl::IsInvalidArgument(Decode(size)));
  EXPECT_TRUE(absl::IsInvalidArgument(Decode({96, 64}, 2)));
}

TEST_F(BadJpegTest, WhatIsCutOffIsRefused) {
  const std::vector<uint8_t> whole = jpeg_;
  for (size_t size = 0; size < whole.size(); size += 7) {
    jpeg_.assign(whole.begin(), whole.begin() + ptrdiff_t(size));
    EXPECT_TRUE(absl::IsInvalidArgument(Decode())) << size;
    // Also where its end was put back.
    jpeg_.insert(jpeg_.end(), {0xFF, 0xD9});
    if (size + 16 < whole.size()) {
      EXPECT_TRUE(absl::IsInvalidArgument(Decode())) << size;
    }
  }
}

// Entropy-coded bytes say little that is wrong: only that nothing worse happens
// is asked here, and by the sanitizers.
TEST_F(BadJpegTest, FlippedBytesDoNoHarm) {
  const std::vector<uint8_t> whole = jpeg_;
  for (size_t at = 0; at < whole.size(); ++at) {
    jpeg_ = whole;
    jpeg_[at] ^= uint8_t(1 << at % 8);
    (void)Decode();
  }
}

}  // namespace
}  // namespace oriel::encoder
