#include "service/session/bounded_damage.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace oriel::session {
namespace {

Damage PixelsAt(std::mt19937& random, const Rect& inside, int count) {
  std::uniform_int_distribution<int32_t> x(inside.x_px, inside.right_px() - 1);
  std::uniform_int_distribution<int32_t> y(inside.y_px, inside.bottom_px() - 1);
  std::vector<Rect> pixels;
  for (int i = 0; i < count; ++i)
    pixels.push_back({x(random), y(random), 1, 1});
  return Damage::FromRects(std::move(pixels));
}

TEST(BoundedDamageTest, AFewRectanglesStayAsTheyAre) {
  std::mt19937 random(1);
  Damage damage;
  Damage expected;
  for (int i = 0; i < 4; ++i) {
    const Damage more = PixelsAt(random, {0, 0, 1000, 700}, 200);
    AddBounded(damage, more);
    expected.Add(more);
  }
  EXPECT_EQ(damage, expected);
}

TEST(BoundedDamageTest, ScatteredPixelsDoNotGrowItForEver) {
  // The larger one has more cells than rectangles are allowed.
  for (const Rect& plane : {Rect{0, 0, 1920, 1080}, Rect{0, 0, 16384, 16384}}) {
    std::mt19937 random(2);
    Damage damage;
    Damage expected;
    for (int i = 0; i < 40; ++i) {
      const Damage more = PixelsAt(random, plane, 500);
      AddBounded(damage, more);
      expected.Add(more);
      ASSERT_LE(damage.Rects().size(), kMaxBoundedRects);
    }
    EXPECT_TRUE(expected.Bounds() == damage.Bounds());
    expected.Subtract(damage);
    EXPECT_TRUE(expected.empty());
  }
}

}  // namespace
}  // namespace oriel::session
