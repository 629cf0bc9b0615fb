#include "capture/damage/scan_plan.h"

#include <algorithm>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Size kFullHd = {1920, 1080};
constexpr int kTiles = 30 * 34;
// Reading is about as quick as from cached memory, or as slow as from a BAR.
constexpr Duration kQuick = milliseconds(1);
constexpr Duration kSlow = milliseconds(90);

// Lives a plan through simulated time, with ticks exactly when it wants them.
class Life {
 public:
  Life(const ScanPace& pace, Duration pass, Size size = kFullHd)
      : pass_(pass), plan_(pace) {
    plan_.Begin(size, pass, now_);
  }

  ScanPlan& plan() { return plan_; }
  Time now() const { return now_; }
  Time end_of_next_tick() const { return plan_.NextDue(); }

  ScanTick Tick() {
    now_ = std::max(now_, plan_.NextDue());
    const ScanTick tick = plan_.Take(now_);
    double passes = 0;
    if (tick.sample.has_value()) passes += 1.0 / kSampleRowsPx;
    if (tick.hot) {
      const HotTiles& hot = plan_.hot_tiles();
      passes += double(hot.changed.size() + hot.near.size()) / kTiles;
    }
    Spend(std::chrono::duration_cast<Duration>(pass_ * passes));
    ++ticks_;
    samples_ += tick.sample.has_value() ? 1 : 0;
    hot_ticks_ += tick.hot ? 1 : 0;
    return tick;
  }
  void Spend(Duration spent) {
    plan_.Charge(spent, now_);
    spent_ += spent;
  }
  // Until so much time has passed; `each` is called before each tick.
  template <typename Each>
  void Live(Duration time, const Each& each) {
    const Time end = now_ + time;
    ticks_ = samples_ = hot_ticks_ = 0;
    spent_ = {};
    while (plan_.NextDue() < end) {
      each();
      Tick();
    }
    now_ = end;
  }
  void Live(Duration time) {
    Live(time, [] {});
  }
  void ChangeEverything() {
    for (int tile = 0; tile < kTiles; ++tile) plan_.NoteChange(tile, now_);
  }

  int ticks() const { return ticks_; }
  int samples() const { return samples_; }
  int hot_ticks() const { return hot_ticks_; }
  Duration spent() const { return spent_; }

 private:
  const Duration pass_;
  Time now_ = Time{} + seconds(100);
  ScanPlan plan_;
  int ticks_ = 0;
  int samples_ = 0;
  int hot_ticks_ = 0;
  Duration spent_{};
};

// For each row and each moment, the longest time until it is looked at again.
struct Gaps {
  Duration any_row{};   // some row of the sixteen
  Duration each_row{};  // the same row again
};

Gaps GapsDuring(Life& life, Duration time) {
  Gaps gaps;
  Time any = life.now();
  std::vector<Time> each(kSampleRowsPx, life.now());
  const Time end = life.now() + time;
  while (life.end_of_next_tick() < end) {
    const ScanTick tick = life.Tick();
    if (!tick.sample.has_value()) continue;
    gaps.any_row = std::max(gaps.any_row, life.now() - any);
    any = life.now();
    Time& row = each[size_t(*tick.sample)];
    gaps.each_row = std::max(gaps.each_row, life.now() - row);
    row = life.now();
  }
  return gaps;
}

TEST(ScanPlanTest, AnyRowIsLookedAtWithinTheBoundsEarlyAndAtRest) {
  struct Row {
    const char* when;
    Duration before;
    Duration any_row;
    Duration each_row;
  };
  for (const Row& row :
       {Row{"early", seconds(0), milliseconds(20), milliseconds(320)},
        Row{"at rest", seconds(11), milliseconds(100), milliseconds(1600)}}) {
    SCOPED_TRACE(row.when);
    Life life({}, kQuick);
    life.Live(row.before);
    const Gaps gaps = GapsDuring(life, seconds(5));
    EXPECT_LE(gaps.any_row, row.any_row);
    EXPECT_LE(gaps.each_row, row.each_row);
    EXPECT_GE(gaps.any_row, row.any_row * 9 / 10);
  }
}

TEST(ScanPlanTest, IdleCostsWhatTheBoundsNeedAndNoMore) {
  Life life({}, kQuick);
  life.Live(seconds(9));
  EXPECT_LE(life.spent() / 9, microseconds(3500));
  EXPECT_LE(life.ticks() / 9, 55);
  life.Live(seconds(2));
  EXPECT_TRUE(life.plan().resting(life.now()));
  life.Live(seconds(10));
  EXPECT_LE(life.spent() / 10, microseconds(700));
  EXPECT_LE(life.ticks() / 10, 11);
}

TEST(ScanPlanTest, EverySixteenSamplesLookAtEveryRow) {
  Life life({}, kQuick);
  std::set<int32_t> rows;
  for (int i = 0; i < kSampleRowsPx; ++i) rows.insert(*life.Tick().sample);
  EXPECT_EQ(rows.size(), size_t{kSampleRowsPx});
  EXPECT_EQ(*rows.begin(), 0);
  EXPECT_EQ(*rows.rbegin(), kSampleRowsPx - 1);
}

TEST(ScanPlanTest, HalfALineIsFoundByTwoSamplesInARow) {
  Life life({}, kQuick);
  for (int i = 0; i < 64; ++i) {
    const int32_t one = *life.Tick().sample;
    const int32_t other = *life.Tick().sample;
    EXPECT_EQ(std::abs(one - other), 8);
  }
}

TEST(ScanPlanTest, ReadSinceIsTheOldestRowsTime) {
  Life life({}, kQuick);
  const Time begun = life.now();
  EXPECT_EQ(life.plan().read_since(), begun);
  Time first;
  for (int i = 0; i < kSampleRowsPx; ++i) {
    EXPECT_EQ(life.plan().read_since(), begun);
    life.Tick();
    if (i == 0) first = life.now();
  }
  EXPECT_EQ(life.plan().read_since(), first);
  life.plan().NoteWhole(life.now());
  EXPECT_EQ(life.plan().read_since(), life.now());
}

TEST(ScanPlanTest, AChangedTileAndItsNeighboursAreDueAtTheFullRateFor300Ms) {
  for (const int rate : {30, 60, 120}) {
    SCOPED_TRACE(rate);
    Life life({.max_rate_hz = rate}, kQuick);
    life.Live(seconds(1));
    life.plan().NoteChange(31, life.now());  // second of the second band
    life.Tick();
    EXPECT_EQ(life.plan().hot_tiles().changed, std::vector<int>{31});
    std::vector<int> near = life.plan().hot_tiles().near;
    std::sort(near.begin(), near.end());
    EXPECT_EQ(near, (std::vector<int>{0, 1, 2, 30, 32, 60, 61, 62}));
    life.Live(seconds(1));
    EXPECT_NEAR(life.hot_ticks(), rate * 0.3, 1.5);
    EXPECT_TRUE(life.plan().hot_tiles().near.empty());
  }
}

TEST(ScanPlanTest, CornersHaveFewerNeighbours) {
  Life life({}, kQuick);
  life.plan().NoteChange(kTiles - 1, life.now());
  life.Tick();
  EXPECT_EQ(life.plan().hot_tiles().changed, std::vector<int>{kTiles - 1});
  std::vector<int> near = life.plan().hot_tiles().near;
  std::sort(near.begin(), near.end());
  EXPECT_EQ(near, (std::vector<int>{kTiles - 32, kTiles - 31, kTiles - 2}));
}

TEST(ScanPlanTest, FourTicksLookAtEveryRowOfManyHotTiles) {
  Life life({}, kQuick);
  for (const bool many : {false, true}) {
    for (int tile = 0; tile < (many ? 100 : 10); ++tile)
      life.plan().NoteChange(tile, life.now());
    std::set<int32_t> rows;
    for (int i = 0; i < 4; ++i) {
      ScanTick tick;
      while (!tick.hot) tick = life.Tick();
      EXPECT_EQ(tick.many, many);
      rows.insert(tick.hot_row);
    }
    EXPECT_EQ(rows, (std::set<int32_t>{0, 1, 2, 3}));
  }
}

TEST(ScanPlanTest, TicksOfHotTilesKeepTheirGridWhenOneComesLate) {
  Life life({.max_rate_hz = 100}, kQuick);
  ScanPlan& plan = life.plan();
  Time now = life.now();
  plan.NoteChange(0, now);
  for (int i = 1; i <= 20; ++i) {
    const Time due = life.now() + milliseconds(10) * i;
    EXPECT_LE(plan.NextDue(), due);
    EXPECT_FALSE(plan.Take(std::max(now, due - microseconds(1))).hot);
    now = due + milliseconds(i % 3 * 4);  // up to 8 ms late
    EXPECT_TRUE(plan.Take(now).hot);
  }
}

TEST(ScanPlanTest, SamplingGoesWithTicksOfHotTiles) {
  Life life({}, kQuick);
  life.Live(seconds(1));
  life.Live(seconds(3), [&] { life.plan().NoteChange(100, life.now()); });
  EXPECT_NEAR(life.hot_ticks(), 180, 2);
  EXPECT_LE(life.ticks() - life.hot_ticks(), 2);
  EXPECT_GE(life.samples(), 3 * 50);
}

TEST(ScanPlanTest, AWakeUpOrAChangeEndsTheRest) {
  Life life({}, kQuick);
  life.Live(seconds(20));
  ASSERT_TRUE(life.plan().resting(life.now()));
  life.plan().Wake(life.now());
  EXPECT_FALSE(life.plan().resting(life.now()));
  EXPECT_LE(life.plan().NextDue() - life.now(), milliseconds(20));
  life.Live(seconds(20));
  ASSERT_TRUE(life.plan().resting(life.now()));
  life.plan().NoteChange(5, life.now());
  EXPECT_LE(life.plan().NextDue() - life.now(), milliseconds(17));
}

TEST(ScanPlanTest, ALowRateSlowsSamplingToo) {
  Life life({.max_rate_hz = 10}, kQuick);
  life.Live(seconds(5));
  EXPECT_EQ(life.ticks(), 49);
}

TEST(ScanPlanTest, NothingEverCostsMoreThanTheBudget) {
  struct Row {
    const char* what;
    Duration pass;
    Duration budget;
    int changed;       // tiles, at every tick
    int least_hot;     // ticks a second
    int least_sample;  // ticks a second
  };
  for (const Row& row : {
           Row{"slow, still", kSlow, milliseconds(150), 0, 0, 10},
           Row{"slow, some letters", kSlow, milliseconds(150), 1, 40, 10},
           Row{"slow, a film", kSlow, milliseconds(150), 200, 3, 4},
           Row{"slow, all of it", kSlow, milliseconds(150), kTiles, 1, 4},
           Row{"quick, all of it", kQuick, milliseconds(150), kTiles, 59, 50},
           Row{"quick, little budget", kQuick, milliseconds(10), kTiles, 5, 30},
           Row{"slow, little budget", kSlow, milliseconds(30), kTiles, 0, 0},
       }) {
    SCOPED_TRACE(row.what);
    Life life({.budget_per_second = row.budget}, row.pass);
    const auto change = [&] {
      for (int tile = 0; tile < row.changed; ++tile) {
        life.plan().NoteChange(tile, life.now());
      }
    };
    life.Live(seconds(5), change);
    life.Live(seconds(20), change);
    EXPECT_LE(life.spent() / 20, row.budget * 6 / 5);
    EXPECT_GE(life.hot_ticks() / 20, row.least_hot);
    EXPECT_GE(life.samples() / 20, row.least_sample);
  }
}

TEST(ScanPlanTest, WhatNobodyPlannedIsPaidLater) {
  Life life({}, kQuick);
  life.Live(seconds(1));
  life.Spend(milliseconds(300));  // 150 are there
  EXPECT_GE(life.plan().NextDue() - life.now(), milliseconds(900));
  EXPECT_TRUE(life.plan().Take(life.now() + milliseconds(500)).empty());
  life.Tick();
  EXPECT_LE(life.plan().NextDue() - life.now(), milliseconds(20));
}

TEST(ScanPlanTest, HoweverMuchWasSpentItGoesOnAfterSeconds) {
  Life life({}, kQuick);
  for (int i = 0; i < 100; ++i) life.Spend(seconds(1));
  EXPECT_LE(life.plan().NextDue() - life.now(), seconds(5));
}

TEST(ScanPlanTest, WithoutAPlaneNothingIsDue) {
  ScanPlan plan({});
  EXPECT_TRUE(plan.Take(Time{} + seconds(5)).empty());
}

}  // namespace
}  // namespace oriel::capture
