#include "clients/viewer/layout.h"

#include <cstdlib>

#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

TEST(LayoutTest, APictureOfTheWindowsSizeFillsItWithHardEdges) {
  const Layout layout = FitPicture({640, 480}, {640, 480});
  EXPECT_EQ(layout.picture, (Rect{0, 0, 640, 480}));
  EXPECT_TRUE(layout.hard_edges);
}

TEST(LayoutTest, WholeFactorsHaveHardEdgesAndOthersNot) {
  EXPECT_TRUE(FitPicture({1280, 960}, {640, 480}).hard_edges);
  EXPECT_FALSE(FitPicture({1281, 961}, {640, 480}).hard_edges);
  EXPECT_FALSE(FitPicture({320, 240}, {640, 480}).hard_edges);
}

TEST(LayoutTest, WhatIsFarSmallerIsAveraged) {
  EXPECT_TRUE(FitPicture({320, 240}, {640, 480}).average);
  EXPECT_TRUE(FitPicture({512, 384}, {640, 480}).average);
  EXPECT_FALSE(FitPicture({600, 450}, {640, 480}).average);
  EXPECT_FALSE(FitPicture({640, 480}, {640, 480}).average);
  EXPECT_FALSE(FitPicture({1280, 960}, {640, 480}).average);
}

TEST(LayoutTest, BarsStandOnBothSides) {
  EXPECT_EQ(FitPicture({1000, 480}, {640, 480}).picture,
            (Rect{180, 0, 640, 480}));
  EXPECT_EQ(FitPicture({640, 680}, {640, 480}).picture,
            (Rect{0, 100, 640, 480}));
}

TEST(LayoutTest, NothingFitsIntoNothing) {
  EXPECT_TRUE(FitPicture({0, 480}, {640, 480}).picture.empty());
  EXPECT_TRUE(FitPicture({640, 480}, {0, 0}).picture.empty());
}

TEST(LayoutTest, StaysInsideAndKeepsTheShapeInEverySize) {
  for (int32_t width = 1; width < 400; width += 7) {
    for (int32_t height = 1; height < 400; height += 11) {
      for (const Size picture : {Size{640, 480}, {1, 1000}, {333, 77}}) {
        const Rect place = FitPicture({width, height}, picture).picture;
        ASSERT_FALSE(place.empty());
        ASSERT_TRUE((Rect{0, 0, width, height}.Contains(place)));
        // Cut to whole pixels, in one direction by less than one.
        const int64_t error =
            std::abs(int64_t{place.width_px} * picture.height_px -
                     int64_t{place.height_px} * picture.width_px);
        if (place.width_px > 1 && place.height_px > 1) {
          ASSERT_LT(error, std::max(picture.width_px, picture.height_px));
        }
      }
    }
  }
}

}  // namespace
}  // namespace oriel::clients
