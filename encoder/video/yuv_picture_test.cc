#include "encoder/video/yuv_picture.h"

#include <gtest/gtest.h>

extern "C" {
#include <libavutil/frame.h>
}

#include <cstdlib>

#include "encoder/test_pictures.h"

namespace oriel::encoder {
namespace {

std::unique_ptr<YuvPicture> Make(Size size) {
  auto yuv = YuvPicture::Make(size);
  EXPECT_TRUE(yuv.ok()) << yuv.status();
  return yuv.ok() ? *std::move(yuv) : nullptr;
}

int Sample(const AVFrame& frame, int plane, int32_t x, int32_t y) {
  return frame.data[plane][y * frame.linesize[plane] + x];
}

// BT.709, limited range: ITU-R BT.709-6, items 3.2 and 4.6.
TEST(YuvPictureTest, ColoursBecomeBt709InLimitedRange) {
  struct Case {
    uint32_t rgb;
    int y, u, v;
  };
  for (const Case& c :
       {Case{0x000000, 16, 128, 128}, Case{0xFFFFFF, 235, 128, 128},
        Case{0xFF0000, 63, 102, 240}, Case{0x00FF00, 173, 42, 26},
        Case{0x0000FF, 32, 240, 118}}) {
    Picture picture({64, 64});
    FillRect(picture, Rect::Of({64, 64}), c.rgb);
    const auto yuv = Make({64, 64});
    ASSERT_NE(yuv, nullptr);
    ASSERT_TRUE(
        yuv->Convert(ToBanded(picture), Damage(Rect::Of({64, 64}))).ok());
    const AVFrame& frame = *yuv->frame();
    EXPECT_NEAR(Sample(frame, 0, 30, 30), c.y, 1) << std::hex << c.rgb;
    EXPECT_NEAR(Sample(frame, 1, 15, 15), c.u, 1) << std::hex << c.rgb;
    EXPECT_NEAR(Sample(frame, 2, 15, 15), c.v, 1) << std::hex << c.rgb;
    EXPECT_EQ(frame.colorspace, AVCOL_SPC_BT709);
    EXPECT_EQ(frame.color_range, AVCOL_RANGE_MPEG);
  }
}

TEST(YuvPictureTest, OddSizesRepeatTheLastColumnAndRow) {
  Picture picture({33, 35});
  FillRect(picture, {32, 0, 1, 35}, 0xFFFFFF);
  FillRect(picture, {0, 34, 33, 1}, 0xFFFFFF);
  const auto yuv = Make({33, 35});
  ASSERT_NE(yuv, nullptr);
  ASSERT_TRUE(yuv->Convert(ToBanded(picture), Damage(Rect::Of({33, 35}))).ok());
  const AVFrame& frame = *yuv->frame();
  EXPECT_EQ(frame.width, 34);
  EXPECT_EQ(frame.height, 36);
  EXPECT_NEAR(Sample(frame, 0, 33, 10), 235, 1);
  EXPECT_NEAR(Sample(frame, 0, 10, 35), 235, 1);
  EXPECT_NEAR(Sample(frame, 0, 10, 10), 16, 1);
}

TEST(YuvPictureTest, OnlyBandsWithDamageAreConverted) {
  const auto yuv = Make({64, 96});
  ASSERT_NE(yuv, nullptr);
  ASSERT_TRUE(
      yuv->Convert(BandedPicture({64, 96}), Damage(Rect::Of({64, 96}))).ok());
  Picture white({64, 96});
  FillRect(white, Rect::Of({64, 96}), 0xFFFFFF);
  ASSERT_TRUE(yuv->Convert(ToBanded(white), Damage({5, 40, 1, 1})).ok());
  EXPECT_NEAR(Sample(*yuv->frame(), 0, 10, 31), 16, 1);
  EXPECT_NEAR(Sample(*yuv->frame(), 0, 10, 32), 235, 1);
  EXPECT_NEAR(Sample(*yuv->frame(), 0, 10, 63), 235, 1);
  EXPECT_NEAR(Sample(*yuv->frame(), 0, 10, 64), 16, 1);
}

TEST(YuvPictureTest, EverySmallSizeConverts) {
  for (int32_t width = 1; width < 40; ++width) {
    for (const int32_t height : {1, 2, 31, 32, 33, 34, 65}) {
      const auto yuv = Make({width, height});
      ASSERT_NE(yuv, nullptr);
      EXPECT_TRUE(yuv->Convert(ToBanded(NoisePicture({width, height}, 1)),
                               Damage(Rect::Of({width, height})))
                      .ok())
          << width << "x" << height;
    }
  }
}

}  // namespace
}  // namespace oriel::encoder
