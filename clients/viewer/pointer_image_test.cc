#include "clients/viewer/pointer_image.h"

#include <cstring>

#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

void SetPixel(Picture& picture, int32_t x, int32_t y, uint8_t grey,
              uint8_t alpha) {
  const uint8_t pixel[] = {grey, grey, grey, alpha};
  std::memcpy(picture.MutableAt(x, y), pixel, sizeof(pixel));
}

TEST(PointerImageTest, WhatIsTransparentGivesNoColour) {
  // White beside fully transparent black: half opaque, still white.
  Picture shape({2, 2});
  for (int32_t y = 0; y < 2; ++y) {
    SetPixel(shape, 0, y, 255, 255);
    SetPixel(shape, 1, y, 0, 0);
  }
  const Picture shrunk = ShrinkPointer(shape, {1, 1});
  EXPECT_EQ(shrunk.At(0, 0)[0], 255);
  EXPECT_EQ(shrunk.At(0, 0)[3], 128);
}

TEST(PointerImageTest, OpaqueColoursAreAveraged) {
  Picture shape({4, 2});
  for (int32_t x = 0; x < 4; ++x) {
    for (int32_t y = 0; y < 2; ++y) {
      SetPixel(shape, x, y, x % 2 == 0 ? 10 : 30, 255);
    }
  }
  const Picture shrunk = ShrinkPointer(shape, {2, 1});
  for (int32_t x = 0; x < 2; ++x) {
    EXPECT_EQ(shrunk.At(x, 0)[1], 20);
    EXPECT_EQ(shrunk.At(x, 0)[3], 255);
  }
}

TEST(PointerImageTest, NothingOpaqueIsNothing) {
  Picture shape({3, 3});
  for (int32_t i = 0; i < 9; ++i) SetPixel(shape, i % 3, i / 3, 200, 0);
  const Picture shrunk = ShrinkPointer(shape, {2, 2});
  for (int32_t i = 0; i < 4; ++i) EXPECT_EQ(shrunk.At(i % 2, i / 2)[3], 0);
}

}  // namespace
}  // namespace oriel::clients
