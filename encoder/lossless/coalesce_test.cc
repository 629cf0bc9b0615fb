#include "encoder/lossless/coalesce.h"

#include <gtest/gtest.h>

#include <random>

#include "base/picture/damage.h"

namespace oriel::encoder {
namespace {

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

TEST(CoalesceTest, RaggedLinesOfTextBecomeOneRectangle) {
  std::vector<Rect> lines;
  for (int i = 0; i < 30; ++i)
    lines.push_back({10, i * 16, 500 + i % 7 * 20, 13});
  EXPECT_EQ(Coalesce(lines).size(), 1u);
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

}  // namespace
}  // namespace oriel::encoder
