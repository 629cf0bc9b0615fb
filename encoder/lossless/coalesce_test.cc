#include "encoder/lossless/coalesce.h"

#include <gtest/gtest.h>

#include <random>

#include "base/picture/damage.h"

namespace oriel::encoder {
namespace {

std::vector<Rect> Coalesce(const std::vector<Rect>& rects,
                           const std::vector<Rect>& taken = {}) {
  return Coalescer().Coalesce(rects, taken);
}

Damage Covering(const std::vector<Rect>& rects) {
  Damage damage;
  for (const Rect& rect : rects) damage.Add(rect);
  return damage;
}

int64_t SumPx(const std::vector<Rect>& rects) {
  int64_t sum = 0;
  for (const Rect& rect : rects) sum += rect.AreaPx();
  return sum;
}

TEST(CoalesceTest, NothingStaysNothing) { EXPECT_TRUE(Coalesce({}).empty()); }

TEST(CoalesceTest, RaggedLinesOfTextBecomeFewRectangles) {
  std::vector<Rect> lines;
  for (int i = 0; i < 30; ++i)
    lines.push_back({10, i * 16, 500 + i % 7 * 20, 13});
  EXPECT_LE(Coalesce(lines).size(), 10u);
}

TEST(CoalesceTest, FarCornersStayApart) {
  EXPECT_EQ(Coalesce({{0, 0, 32, 16}, {1800, 1000, 32, 16}}).size(), 2u);
}

TEST(CoalesceTest, ResultsAreDisjointAndCoverTheInput) {
  std::mt19937 random(4);
  for (int round = 0; round < 300; ++round) {
    Damage damage;
    const int count = 1 + static_cast<int>(random() % 40);
    for (int i = 0; i < count; ++i) {
      damage.Add({static_cast<int32_t>(random() % 1000),
                  static_cast<int32_t>(random() % 700),
                  1 + static_cast<int32_t>(random() % 200),
                  1 + static_cast<int32_t>(random() % 90)});
    }
    const std::vector<Rect> result = Coalesce(damage.Rects());
    Damage covered = Covering(result);
    EXPECT_EQ(covered.AreaPx(), SumPx(result)) << "overlap in round " << round;
    Damage missed = damage;
    missed.Subtract(covered);
    EXPECT_TRUE(missed.empty()) << "round " << round;
  }
}

TEST(CoalesceTest, ResultsKeepOffWhatIsTaken) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    Damage taken;
    Damage damage;
    for (int i = 0; i < 30; ++i) {
      (i % 3 == 0 ? taken : damage)
          .Add({static_cast<int32_t>(random() % 600),
                static_cast<int32_t>(random() % 400),
                1 + static_cast<int32_t>(random() % 100),
                1 + static_cast<int32_t>(random() % 50)});
    }
    damage.Subtract(taken);
    const std::vector<Rect> result = Coalesce(damage.Rects(), taken.Rects());
    for (const Rect& rect : result) {
      EXPECT_FALSE(taken.Intersects(rect)) << "round " << round;
    }
    Damage missed = damage;
    missed.Subtract(Covering(result));
    EXPECT_TRUE(missed.empty()) << "round " << round;
  }
}

TEST(CoalesceTest, FewPixelsBetweenTwoAreNotWorthAPatch) {
  EXPECT_EQ(Coalesce({{0, 0, 8, 16}, {24, 0, 8, 16}}).size(), 1u);
  EXPECT_EQ(Coalesce({{0, 0, 8, 16}, {900, 0, 8, 16}}).size(), 2u);
}

TEST(CoalesceTest, RowsOfDotsStayRows) {
  std::vector<Rect> dots;
  for (int32_t y = 7; y < 1080; y += 32) {
    for (int32_t x = y % 64; x + 32 < 1920; x += 128) {
      dots.push_back({x, y, 32, 1});
    }
  }
  EXPECT_LE(SumPx(Coalesce(dots)), 34 * 1920);
}

TEST(CoalesceTest, ALargeAreaDoesNotSwallowADistantLetter) {
  EXPECT_EQ(Coalesce({{0, 0, 1000, 700}, {1500, 300, 8, 16}}).size(), 2u);
}

TEST(CoalesceTest, ScatteredDamageOfAHugePictureBecomesFewEnough) {
  std::mt19937 random(6);
  std::vector<Rect> rects;
  for (int32_t y = 0; y < 16384; y += 32) {
    for (int32_t x = 0; x < 16384; x += 64) {
      if (random() % 2 == 0) rects.push_back({x + 5, y + 3, 20, 20});
    }
  }
  const std::vector<Rect> taken = {{100, 100, 1, 1}, {3000, 9000, 5, 5}};
  std::vector<Rect> free;
  for (const Rect& rect : rects) {
    if (Intersection(rect, taken[0]).empty() &&
        Intersection(rect, taken[1]).empty()) {
      free.push_back(rect);
    }
  }
  const std::vector<Rect> result = Coalesce(free, taken);
  EXPECT_LT(result.size(), 1000u);
  const Damage covered = Damage::FromRects(result);
  EXPECT_EQ(covered.AreaPx(), SumPx(result));
  EXPECT_FALSE(covered.Intersects(taken[0]));
  EXPECT_FALSE(covered.Intersects(taken[1]));
  Damage missed = Damage::FromRects(free);
  missed.Subtract(covered);
  EXPECT_TRUE(missed.empty());
}

TEST(CoalesceTest, ManyRectanglesAmongTakenOnesStayOffThem) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::vector<Rect> some;
    std::vector<Rect> taken;
    for (int i = 0; i < 2000; ++i) {
      some.push_back({static_cast<int32_t>(random() % 2000),
                      static_cast<int32_t>(random() % 2000),
                      1 + static_cast<int32_t>(random() % 9),
                      1 + static_cast<int32_t>(random() % 90)});
      if (i % 40 == 0) taken.push_back({some[i].y_px, some[i].x_px, 30, 30});
    }
    const Damage taken_damage = Damage::FromRects(taken);
    Damage damage = Damage::FromRects(some);
    damage.Subtract(taken_damage);
    const std::vector<Rect> result =
        Coalesce(damage.Rects(), taken_damage.Rects());
    const Damage covered = Damage::FromRects(result);
    EXPECT_EQ(covered.AreaPx(), SumPx(result)) << "round " << round;
    Damage met = covered;
    met.IntersectWith(taken_damage);
    EXPECT_TRUE(met.empty()) << "round " << round;
    damage.Subtract(covered);
    EXPECT_TRUE(damage.empty()) << "round " << round;
  }
}

}  // namespace
}  // namespace oriel::encoder
