#include "capture/sim/canvas.h"

#include <gtest/gtest.h>

#include "capture/sim/font.h"

namespace oriel::capture::sim {
namespace {

TEST(CanvasTest, DrawingBeyondTheEdgesIsClipped) {
  Canvas canvas({10, 8});
  const Rect kFar = {-100, -100, 1000, 1000};
  canvas.Fill(kFar, Opaque(0x102030));
  canvas.FillRounded({-5, -5, 30, 30}, 4, Opaque(0x405060));
  canvas.FillCircle(9, 7, 20, WithAlpha(0xFFFFFF, 128));
  canvas.Line(-50, -50, 50, 50, 3, Opaque(0));
  canvas.Shadow({3, 3, 40, 40}, 2, 10, 200);
  canvas.FillGradient({-3, -3, 40, 40}, Opaque(0), Opaque(0xFFFFFF));
  canvas.ScrollUp(kFar, 3);
  canvas.ScrollUp({0, 0, 10, 8}, 100);
  canvas.Blend(Canvas({100, 100}), {-50, -50}, kFar);
  canvas.Cover(-1, 0, Opaque(0), 255);
  canvas.Cover(10, 8, Opaque(0), 255);
  EXPECT_EQ(canvas.Row(7)[9] >> 24, 0xFFu);
}

TEST(CanvasTest, BlendingFollowsTheOverOperator) {
  for (uint32_t alpha : {0u, 1u, 127u, 128u, 254u, 255u}) {
    Canvas below({1, 1});
    below.Fill({0, 0, 1, 1}, Opaque(0x204060));
    Canvas above({1, 1});
    above.Clear({0, 0, 1, 1}, WithAlpha(0xFF8000, alpha));
    below.Blend(above, {0, 0}, {0, 0, 1, 1});
    const uint32_t pixel = below.Row(0)[0];
    const auto expected = [&](int shift) {
      const double a = (0xFF8000 >> shift) & 0xFF;
      const double b = (0x204060 >> shift) & 0xFF;
      return (a * alpha + b * (255 - alpha)) / 255;
    };
    EXPECT_EQ(pixel >> 24, 0xFFu);
    for (int shift : {16, 8, 0}) {
      EXPECT_NEAR((pixel >> shift) & 0xFF, expected(shift), 1.01) << alpha;
    }
  }
}

TEST(CanvasTest, MixingReachesBothEnds) {
  EXPECT_EQ(Mix(Opaque(0x123456), Opaque(0xFFFFFF), 0), Opaque(0x123456));
  EXPECT_EQ(Mix(Opaque(0x123456), Opaque(0xFFFFFF), 255), Opaque(0xFFFFFF));
}

TEST(CanvasTest, ScrollingMovesRowsInsideTheRectangleOnly) {
  Canvas canvas({4, 6});
  for (int y = 0; y < 6; ++y) {
    canvas.Fill({0, y, 4, 1}, Opaque(static_cast<uint32_t>(y)));
  }
  canvas.ScrollUp({1, 1, 2, 4}, 2);
  EXPECT_EQ(canvas.Row(1)[1], Opaque(3));
  EXPECT_EQ(canvas.Row(2)[2], Opaque(4));
  EXPECT_EQ(canvas.Row(3)[1], Opaque(3));
  EXPECT_EQ(canvas.Row(1)[0], Opaque(1));
  EXPECT_EQ(canvas.Row(5)[1], Opaque(5));
}

TEST(FontTest, TextIsDrawnWhereItsWidthSays) {
  auto font = Font::Load(Typeface::kMono, 16);
  ASSERT_TRUE(font.ok()) << font.status();
  EXPECT_EQ((*font)->WidthPx("iiii"), (*font)->WidthPx("MMMM"));
  EXPECT_EQ((*font)->WidthPx("×"), (*font)->WidthPx("x"));
  Canvas canvas({80, 30});
  const int32_t end = (*font)->Draw(canvas, 4, 20, "Mg", Opaque(0xFFFFFF));
  EXPECT_EQ(end, 4 + (*font)->WidthPx("Mg"));
  int drawn = 0;
  for (int32_t y = 0; y < 30; ++y) {
    for (int32_t x = 0; x < 80; ++x) {
      if (canvas.Row(y)[x] == 0) continue;
      ++drawn;
      EXPECT_LT(x, end + 1);
    }
  }
  EXPECT_GT(drawn, 40);
}

TEST(FontTest, BrokenUtf8IsDrawnWithoutHarm) {
  auto font = Font::Load(Typeface::kSans, 12);
  ASSERT_TRUE(font.ok()) << font.status();
  Canvas canvas({80, 30});
  (*font)->Draw(canvas, 0, 20, "\xF0\x9F", Opaque(0));
  (*font)->Draw(canvas, 0, 20, "\xFF\xC3", Opaque(0));
}

}  // namespace
}  // namespace oriel::capture::sim
