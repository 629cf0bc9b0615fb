#include "encoder/adaptive/refinement.h"

#include <gtest/gtest.h>

#include "encoder/test_pictures.h"

namespace oriel::encoder {
namespace {

constexpr Size kSize = {320, 256};

TEST(RefinementTest, TextComesBeforeSmoothGradients) {
  Picture picture = SmoothPicture(kSize);
  Typewriter typewriter;
  typewriter.DrawLine(picture, 0, 320, 132);
  const Damage worst =
      WorstOf(Damage(Rect::Of(kSize)), ToBanded(picture), 320 * 32);
  EXPECT_EQ(worst, Damage(Rect{0, 128, 320, 32}));
}

TEST(RefinementTest, NothingWaitsForEver) {
  const BandedPicture picture = ToBanded(NoisePicture(kSize, 1));
  Damage inexact(Rect{17, 33, 200, 150});
  int rounds = 0;
  while (!inexact.empty()) {
    const Damage worst = WorstOf(inexact, picture, 1);
    ASSERT_FALSE(worst.empty());
    Damage outside = worst;
    outside.Subtract(inexact);
    EXPECT_TRUE(outside.empty());
    inexact.Subtract(worst);
    ASSERT_LT(++rounds, 20);
  }
}

TEST(RefinementTest, AsMuchAsWasAskedForAtOnce) {
  const BandedPicture picture = ToBanded(NoisePicture(kSize, 1));
  const Damage all(Rect::Of(kSize));
  EXPECT_EQ(WorstOf(all, picture, kSize.AreaPx()), all);
  EXPECT_LE(WorstOf(all, picture, 320 * 100).AreaPx(), 320 * 100);
}

}  // namespace
}  // namespace oriel::encoder
