#include "service/session/still_choice.h"

#include <gtest/gtest.h>

namespace oriel::session {
namespace {

TEST(StillPartTest, LeavesOutWhatIsSmallOrThin) {
  const Rect large = {0, 0, 640, 200};
  Damage damage(large);
  damage.Add({0, 300, 10, 10});
  damage.Add({0, 400, 640, 8});
  EXPECT_EQ(StillPart(damage), Damage(large));
  EXPECT_TRUE(StillPart(Damage(Rect{0, 0, 60, 60})).empty());
  EXPECT_TRUE(StillPart(Damage()).empty());
}

TEST(StillPartTest, OfManyRectanglesTheLargestStay) {
  Damage damage;
  for (int32_t i = 0; i < 100; ++i) damage.Add({i * 3, i * 50, 100 + i, 40});
  const Damage part = StillPart(damage);
  EXPECT_EQ(part.Rects().size(), 32u);
  EXPECT_TRUE(part.Contains({99 * 3, 99 * 50, 199, 40}));
  EXPECT_FALSE(part.Intersects({0, 0, 400, 40}));
}

TEST(SampleOfTest, LiesAllOverTheDamageAndOnlyThere) {
  Damage damage(Rect{0, 0, 1920, 1080});
  damage.Subtract({500, 300, 700, 301});
  const Damage sample = SampleOf(damage);
  Damage outside = sample;
  outside.Subtract(damage);
  EXPECT_TRUE(outside.empty());
  EXPECT_EQ(sample.AreaPx(), 24 * 128 * 32);
  for (const Rect& quarter : {Rect{0, 0, 960, 540}, Rect{960, 0, 960, 540},
                              Rect{0, 540, 960, 540}, Rect{960, 540, 960, 540}})
    EXPECT_TRUE(sample.Intersects(quarter)) << quarter.x_px;
  EXPECT_TRUE(SampleOf(Damage(Rect{0, 0, 64, 64})).empty());
}

TEST(StillBudgetTest, OnlyWhatTakesLongIsWorthAStill) {
  struct Case {
    double exact_bytes;
    double link_bytes_per_s;
    size_t least;
    size_t most;
  };
  const Case cases[] = {
      {300e3, 1.25e6, 0, 0},             // 240 ms of 10 Mbit/s
      {4e6, 125e6, 0, 0},                // 32 ms of 1 Gbit/s
      {4e6, 1.25e6, 200'000, 312'500},   // 250 ms of 10 Mbit/s at most
      {400e3, 1.25e6, 85'000, 134'000},  // a third at most
      {4e6, 125e3, 20'000, 31'250},
      {4e6, 0, 0, 0},
      {100e6, 20e6, 0, 0},  // as fast as patches are made
  };
  for (const Case& one : cases) {
    const size_t budget = StillBudget(one.exact_bytes, one.link_bytes_per_s);
    EXPECT_GE(budget, one.least) << one.exact_bytes;
    EXPECT_LE(budget, one.most) << one.exact_bytes;
  }
}

TEST(StillBudgetTest, LinksOfAboutTheSameRateShareStills) {
  EXPECT_EQ(StillBudget(4e6, 1.25e6), StillBudget(5e6, 1.2e6));
}

}  // namespace
}  // namespace oriel::session
