#include "base/picture/picture.h"

#include "gtest/gtest.h"

namespace oriel {
namespace {

TEST(PictureTest, StartsBlackWithTheUnusedByteSet) {
  const Picture picture(Size{3, 2});
  ASSERT_EQ(picture.bytes().size(), 3u * 2 * 4);
  for (size_t i = 0; i < picture.bytes().size(); ++i) {
    EXPECT_EQ(picture.bytes()[i], i % 4 == 3 ? 0xFF : 0) << i;
  }
}

TEST(PictureTest, PixelsAreAddressedByColumnAndRow) {
  Picture picture(Size{3, 2});
  picture.MutableAt(2, 1)[0] = 7;
  EXPECT_EQ(picture.bytes()[(1 * 3 + 2) * 4], 7);
  EXPECT_EQ(picture.At(2, 1)[0], 7);
  EXPECT_EQ(picture.view().At(2, 1)[0], 7);
  EXPECT_NE(picture, Picture(Size{3, 2}));
}

TEST(PictureTest, WithoutAreaItIsEmptyAndEqualToTheDefault) {
  for (const Size size : {Size{0, 5}, Size{5, 0}, Size{-1, 5}, Size{-3, -3}}) {
    EXPECT_EQ(Picture(size), Picture());
    EXPECT_TRUE(Picture(size).bytes().empty());
  }
}

TEST(RectTest, IntersectionIsEmptyWhereRectanglesOnlyTouch) {
  EXPECT_EQ(Intersection({0, 0, 4, 4}, {4, 0, 4, 4}), Rect{});
  EXPECT_EQ(Intersection({0, 0, 4, 4}, {3, 2, 4, 4}), (Rect{3, 2, 1, 2}));
}

TEST(RectTest, AreaOfLargeRectanglesDoesNotOverflow) {
  EXPECT_EQ((Rect{0, 0, 1 << 20, 1 << 20}).AreaPx(), int64_t{1} << 40);
  EXPECT_EQ((Rect{0, 0, -2, -2}).AreaPx(), 0);
}

}  // namespace
}  // namespace oriel
