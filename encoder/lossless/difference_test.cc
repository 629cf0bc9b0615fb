#include "encoder/lossless/difference.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/picture/damage.h"
#include "encoder/test_pictures.h"

namespace oriel::encoder {
namespace {

constexpr Size kSize = {200, 100};

std::vector<Rect> DifferingRects(const BandedPicture& picture,
                                 const BandedPicture& reference,
                                 const Rect& rect) {
  std::vector<Rect> rects;
  Difference().Append(picture, reference, rect, rects);
  return rects;
}

TEST(DifferenceTest, EqualPicturesDoNotDiffer) {
  const Picture picture = NoisePicture(kSize, 1);
  EXPECT_TRUE(
      DifferingRects(ToBanded(picture), ToBanded(picture), Rect::Of(kSize))
          .empty());
}

TEST(DifferenceTest, OnePixelGivesOneRowOfAFewPixels) {
  Picture picture = NoisePicture(kSize, 1);
  const BandedPicture before = ToBanded(picture);
  picture.MutableAt(70, 33)[1] ^= 1;
  const auto rects = DifferingRects(ToBanded(picture), before, Rect::Of(kSize));
  ASSERT_EQ(rects.size(), 1u);
  EXPECT_EQ(rects[0], (Rect{64, 33, 32, 1}));
}

TEST(DifferenceTest, WhatDiffersOutsideTheRectangleIsNotLookedAt) {
  Picture picture = NoisePicture(kSize, 1);
  const BandedPicture before = ToBanded(picture);
  picture.MutableAt(99, 50)[0] ^= 1;
  EXPECT_TRUE(
      DifferingRects(ToBanded(picture), before, {100, 0, 100, 100}).empty());
}

TEST(DifferenceTest, HoldsEveryDifferingPixelAndIsDisjoint) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    const Picture before = NoisePicture(kSize, 1);
    Picture after = before;
    Damage changed;
    for (int i = 0; i < 20; ++i) {
      const auto x = static_cast<int32_t>(random() % kSize.width_px);
      const auto y = static_cast<int32_t>(random() % kSize.height_px);
      after.MutableAt(x, y)[0] ^= 0x10;
      if (std::memcmp(after.At(x, y), before.At(x, y), 4) != 0) {
        changed.Add({x, y, 1, 1});
      } else {
        changed.Subtract({x, y, 1, 1});
      }
    }
    int64_t sum_px = 0;
    Damage found;
    for (const Rect& rect :
         DifferingRects(ToBanded(after), ToBanded(before), Rect::Of(kSize))) {
      sum_px += rect.AreaPx();
      found.Add(rect);
    }
    EXPECT_EQ(found.AreaPx(), sum_px);
    changed.Subtract(found);
    EXPECT_TRUE(changed.empty()) << "round " << round;
  }
}

}  // namespace
}  // namespace oriel::encoder
