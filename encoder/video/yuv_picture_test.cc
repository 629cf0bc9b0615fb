#include "encoder/video/yuv_picture.h"

#include <gtest/gtest.h>

extern "C" {
#include <libavutil/frame.h>
}

#include <cstdlib>

#include "encoder/test_pictures.h"

namespace oriel::encoder {
namespace {

std::unique_ptr<YuvPicture> Make(const Rect& area,
                                 Chroma chroma = Chroma::k420) {
  auto yuv = YuvPicture::Make(area, chroma);
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
    const auto yuv = Make(Rect::Of({64, 64}));
    ASSERT_NE(yuv, nullptr);
    yuv->Convert(ToBanded(picture), Damage(Rect::Of({64, 64})));
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
  const auto yuv = Make(Rect::Of({33, 35}));
  ASSERT_NE(yuv, nullptr);
  yuv->Convert(ToBanded(picture), Damage(Rect::Of({33, 35})));
  const AVFrame& frame = *yuv->frame();
  EXPECT_EQ(frame.width, 34);
  EXPECT_EQ(frame.height, 36);
  EXPECT_NEAR(Sample(frame, 0, 33, 10), 235, 1);
  EXPECT_NEAR(Sample(frame, 0, 10, 35), 235, 1);
  EXPECT_NEAR(Sample(frame, 0, 10, 10), 16, 1);
}

TEST(YuvPictureTest, OnlyStripsWithDamageAreConverted) {
  const auto yuv = Make(Rect::Of({64, 96}));
  ASSERT_NE(yuv, nullptr);
  yuv->Convert(BandedPicture({64, 96}), Damage(Rect::Of({64, 96})));
  Picture white({64, 96});
  FillRect(white, Rect::Of({64, 96}), 0xFFFFFF);
  yuv->Convert(ToBanded(white), Damage({5, 40, 1, 1}));
  EXPECT_NEAR(Sample(*yuv->frame(), 0, 10, 31), 16, 1);
  EXPECT_NEAR(Sample(*yuv->frame(), 0, 10, 32), 235, 1);
  EXPECT_NEAR(Sample(*yuv->frame(), 0, 10, 63), 235, 1);
  EXPECT_NEAR(Sample(*yuv->frame(), 0, 10, 64), 16, 1);
}

TEST(YuvPictureTest, FullChromaKeepsEachPixelsColour) {
  Picture picture({64, 64});
  for (int32_t x = 0; x < 64; x += 2) {
    FillRect(picture, {x, 0, 1, 64}, 0xFF0000);
    FillRect(picture, {x + 1, 0, 1, 64}, 0x0000FF);
  }
  const auto yuv = Make({0, 0, 64, 64}, Chroma::k444);
  ASSERT_NE(yuv, nullptr);
  yuv->Convert(ToBanded(picture), Damage(Rect::Of({64, 64})));
  const AVFrame& frame = *yuv->frame();
  for (const int32_t y : {0, 31, 32, 63}) {
    EXPECT_NEAR(Sample(frame, 0, 30, y), 63, 1);
    EXPECT_NEAR(Sample(frame, 1, 30, y), 102, 1);
    EXPECT_NEAR(Sample(frame, 2, 30, y), 240, 1);
    EXPECT_NEAR(Sample(frame, 0, 31, y), 32, 1);
    EXPECT_NEAR(Sample(frame, 1, 31, y), 240, 1);
    EXPECT_NEAR(Sample(frame, 2, 31, y), 118, 1);
  }
}

// The same pixels as a picture of their own are the independent answer.
TEST(YuvPictureTest, AnAreaAnywhereEqualsThePictureOfItsPixels) {
  const Picture picture = NoisePicture({200, 150}, 3);
  for (const Rect& area : {Rect{0, 32, 64, 64}, Rect{32, 0, 96, 128},
                           Rect{3, 5, 101, 77}, Rect{199, 149, 1, 1}}) {
    for (const Chroma chroma : {Chroma::k420, Chroma::k444}) {
      Picture cut({area.width_px, area.height_px});
      ToBanded(picture).CopyTo(area, cut.MutableAt(0, 0), cut.stride_bytes());
      const auto expected = Make(Rect::Of(cut.size()), chroma);
      const auto yuv = Make(area, chroma);
      expected->Convert(ToBanded(cut), Damage(Rect::Of(cut.size())));
      yuv->Convert(ToBanded(picture), Damage(area));
      const int shift = chroma == Chroma::k444 ? 0 : 1;
      for (int plane = 0; plane < 3; ++plane) {
        const int by = plane == 0 ? 0 : shift;
        for (int32_t y = 0; y < yuv->frame()->height >> by; ++y) {
          for (int32_t x = 0; x < yuv->frame()->width >> by; ++x) {
            ASSERT_EQ(Sample(*yuv->frame(), plane, x, y),
                      Sample(*expected->frame(), plane, x, y))
                << plane << ": " << x << "," << y;
          }
        }
      }
    }
  }
}

TEST(YuvPictureTest, StripsOfAnAreaCountFromItsTop) {
  const auto yuv = Make({8, 20, 64, 96});
  yuv->Convert(BandedPicture({128, 128}), Damage({8, 20, 64, 96}));
  Picture white({128, 128});
  FillRect(white, Rect::Of({128, 128}), 0xFFFFFF);
  // In the area's rows 32 to 63, and outside of the area.
  Damage damage({10, 60, 1, 1});
  damage.Add({100, 20, 8, 96});
  yuv->Convert(ToBanded(white), damage);
  EXPECT_NEAR(Sample(*yuv->frame(), 0, 10, 31), 16, 1);
  EXPECT_NEAR(Sample(*yuv->frame(), 0, 10, 32), 235, 1);
  EXPECT_NEAR(Sample(*yuv->frame(), 0, 10, 63), 235, 1);
  EXPECT_NEAR(Sample(*yuv->frame(), 0, 10, 64), 16, 1);
}

TEST(YuvPictureTest, EverySmallSizeConverts) {
  for (int32_t width = 1; width < 40; ++width) {
    for (const int32_t height : {1, 2, 31, 32, 33, 34, 65}) {
      const auto yuv = Make(Rect::Of({width, height}));
      ASSERT_NE(yuv, nullptr);
      yuv->Convert(ToBanded(NoisePicture({width, height}, 1)),
                   Damage(Rect::Of({width, height})));
    }
  }
}

}  // namespace
}  // namespace oriel::encoder
