#include "encoder/lossless/vertical_move.h"

#include <gtest/gtest.h>

#include "encoder/test_pictures.h"

namespace oriel::encoder {
namespace {

constexpr Size kSize = {640, 480};

TEST(FindVerticalMoveTest, FindsHowFarAPageScrolled) {
  for (const int32_t rows : {1, 16, 120}) {
    const Picture page = Typewriter().Page(kSize);
    Picture scrolled = page;
    ScrollUp(scrolled, Rect::Of(kSize), rows);
    EXPECT_EQ(
        FindVerticalMove(ToBanded(scrolled), ToBanded(page), Rect::Of(kSize)),
        rows);
    EXPECT_EQ(
        FindVerticalMove(ToBanded(page), ToBanded(scrolled), Rect::Of(kSize)),
        -rows);
  }
}

TEST(FindVerticalMoveTest, NothingMovedWhereNothingIsAlike) {
  EXPECT_EQ(FindVerticalMove(ToBanded(NoisePicture(kSize, 1)),
                             ToBanded(NoisePicture(kSize, 2)), Rect::Of(kSize)),
            std::nullopt);
}

TEST(FindVerticalMoveTest, PlainAreasTellNothing) {
  EXPECT_EQ(FindVerticalMove(BandedPicture(kSize), BandedPicture(kSize),
                             Rect::Of(kSize)),
            std::nullopt);
}

TEST(FindVerticalMoveTest, APictureThatStandsStillHasNotMoved) {
  const BandedPicture page = ToBanded(Typewriter().Page(kSize));
  EXPECT_EQ(FindVerticalMove(page, page, Rect::Of(kSize)), std::nullopt);
}

TEST(FindVerticalMoveTest, TheSmallestRectanglesAreSafe) {
  const BandedPicture page = ToBanded(Typewriter().Page(kSize));
  EXPECT_EQ(FindVerticalMove(page, page, {0, 0, 1, 1}), std::nullopt);
  EXPECT_EQ(FindVerticalMove(page, page, {639, 0, 1, 480}), std::nullopt);
}

}  // namespace
}  // namespace oriel::encoder
