#include "encoder/adaptive/motion_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace oriel::encoder {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Size kSize = {1920, 1080};
constexpr Rect kFilm = {301, 203, 640, 360};
// Even edges around it.
constexpr Rect kFilmArea = {300, 202, 642, 362};
constexpr double kFilmBytesPerPx = 1.5;
constexpr double kTextBytesPerPx = 0.03;

// Time and a screen on which rectangles change.
class Screen {
 public:
  // Changes `rect` every period for a time; what lossless patches of it weigh
  // is told while it is not video.
  void Play(const Rect& rect, milliseconds period, milliseconds time,
            double bytes_per_px) {
    for (const Time end = now_ + time; now_ < end; now_ += period) {
      planner_.Changed(Damage(rect), now_);
      areas_ = planner_.Plan(now_);
      if (first_area_at_ == Time{} && !areas_.empty()) first_area_at_ = now_;
      bool video = false;
      for (const MotionArea& area : areas_) video |= area.rect.Contains(rect);
      if (!video) {
        planner_.Weighed(rect, size_t(bytes_per_px * double(rect.AreaPx())));
      }
    }
  }
  void Rest(milliseconds time) {
    now_ += time;
    areas_ = planner_.Plan(now_);
  }

  std::vector<Rect> Areas() const {
    std::vector<Rect> rects;
    for (const MotionArea& area : areas_) rects.push_back(area.rect);
    return rects;
  }

  Time now_ = Time{} + std::chrono::hours(1);
  Time first_area_at_{};
  MotionPlanner planner_{kSize};
  std::vector<MotionArea> areas_;
};

struct Case {
  std::string what;
  Rect rect;
  int period_ms;
  double bytes_per_px;
  size_t areas;
};

TEST(MotionPlannerTest, OnlyLivelyCostlyLargeAreasAreVideo) {
  const Case cases[] = {
      {"a film", kFilm, 33, kFilmBytesPerPx, 1},
      {"a film at 60 Hz", kFilm, 16, kFilmBytesPerPx, 1},
      {"a film at 12 Hz", kFilm, 83, kFilmBytesPerPx, 1},
      {"a whole screen of film", Rect::Of(kSize), 33, kFilmBytesPerPx, 1},
      {"text that scrolls", kFilm, 33, kTextBytesPerPx, 0},
      {"a slide show", kFilm, 1000, kFilmBytesPerPx, 0},
      {"a photograph that is turned twice a second", kFilm, 500,
       kFilmBytesPerPx, 0},
      {"a costly icon that spins", {64, 64, 48, 48}, 33, kFilmBytesPerPx, 0},
      {"a costly line", {0, 500, 1920, 2}, 16, kFilmBytesPerPx, 0},
  };
  for (const Case& one : cases) {
    Screen screen;
    screen.Play(one.rect, milliseconds(one.period_ms), milliseconds(2000),
                one.bytes_per_px);
    EXPECT_THAT(screen.areas_, SizeIs(one.areas)) << one.what;
  }
}

TEST(MotionPlannerTest, AFilmIsVideoWithinHalfASecondAndTight) {
  Screen screen;
  const Time begun = screen.now_;
  screen.Play(kFilm, milliseconds(33), milliseconds(1000), kFilmBytesPerPx);
  EXPECT_THAT(screen.Areas(), ElementsAre(kFilmArea));
  EXPECT_LT(screen.first_area_at_ - begun, milliseconds(500));
}

TEST(MotionPlannerTest, TheWindowsFirstPaintingMakesTheAreaNoLarger) {
  Screen screen;
  screen.Play(Rect::Of(kSize), milliseconds(33), milliseconds(33),
              kTextBytesPerPx);
  screen.Play(kFilm, milliseconds(33), milliseconds(1000), kFilmBytesPerPx);
  EXPECT_THAT(screen.Areas(), ElementsAre(kFilmArea));
}

TEST(MotionPlannerTest, WhatWouldFloodTheLinkIsVideoSooner) {
  Screen screen;
  const Time begun = screen.now_;
  screen.Play(Rect::Of(kSize), milliseconds(33), milliseconds(1000),
              kFilmBytesPerPx);
  EXPECT_THAT(screen.Areas(), ElementsAre(Rect::Of(kSize)));
  EXPECT_LT(screen.first_area_at_ - begun, milliseconds(150));
}

TEST(MotionPlannerTest, AFilmIsOneAreaThoughPatchesOfItWereFewYet) {
  // An update has room for a sixth of the screen.
  constexpr Rect kFirst = {0, 0, 1920, 160};
  Screen screen;
  for (int frame = 0; frame < 5 && screen.areas_.empty(); ++frame) {
    screen.planner_.Changed(Damage(Rect::Of(kSize)), screen.now_);
    screen.areas_ = screen.planner_.Plan(screen.now_);
    screen.planner_.Weighed(kFirst,
                            size_t(kFilmBytesPerPx * double(kFirst.AreaPx())));
    screen.now_ += milliseconds(33);
  }
  EXPECT_THAT(screen.Areas(), ElementsAre(Rect::Of(kSize)));
}

TEST(MotionPlannerTest, WhatBeganLaterBelongsToTheFilm) {
  // A scan met the first picture when its lower part was not drawn yet.
  Screen screen;
  screen.Play({0, 0, 1920, 800}, milliseconds(33), milliseconds(33),
              kFilmBytesPerPx);
  screen.Play(Rect::Of(kSize), milliseconds(33), milliseconds(99),
              kFilmBytesPerPx);
  EXPECT_THAT(screen.Areas(), ElementsAre(Rect::Of(kSize)));
}

TEST(MotionPlannerTest, TextBesideAFilmIsNoPartOfIt) {
  constexpr Rect kTerminal = {960, 192, 512, 384};
  Screen screen;
  for (int frame = 0; frame < 30; ++frame) {
    screen.planner_.Changed(Damage(kFilm), screen.now_);
    screen.planner_.Changed(Damage(kTerminal), screen.now_);
    screen.areas_ = screen.planner_.Plan(screen.now_);
    screen.planner_.Weighed(kTerminal,
                            size_t(kTextBytesPerPx * kTerminal.AreaPx()));
    if (screen.areas_.empty()) {
      screen.planner_.Weighed(kFilm,
                              size_t(kFilmBytesPerPx * double(kFilm.AreaPx())));
    }
    screen.now_ += milliseconds(33);
  }
  EXPECT_THAT(screen.Areas(), ElementsAre(kFilmArea));
}

TEST(MotionPlannerTest, AYoungAreaIsReplacedOnlyByOneTwiceAsLarge) {
  struct Growth {
    Rect larger;
    bool at_once;
  };
  for (const Growth& growth : {Growth{{301, 203, 640, 600}, false},
                               Growth{{301, 203, 640, 800}, true}}) {
    Screen screen;
    screen.Play(kFilm, milliseconds(33), milliseconds(200), kFilmBytesPerPx);
    ASSERT_THAT(screen.Areas(), ElementsAre(kFilmArea));
    screen.Play(growth.larger, milliseconds(33), milliseconds(300),
                kFilmBytesPerPx);
    ASSERT_THAT(screen.areas_, SizeIs(1));
    EXPECT_EQ(screen.areas_[0].rect.Contains(growth.larger), growth.at_once);
    screen.Play(growth.larger, milliseconds(33), milliseconds(1000),
                kFilmBytesPerPx);
    EXPECT_TRUE(screen.areas_[0].rect.Contains(growth.larger));
  }
}

TEST(MotionPlannerTest, AnAreaKeepsItsStreamWhileItPlays) {
  Screen screen;
  screen.Play(kFilm, milliseconds(33), milliseconds(1000), kFilmBytesPerPx);
  ASSERT_THAT(screen.areas_, SizeIs(1));
  const uint32_t id = screen.areas_[0].id;
  screen.Play(kFilm, milliseconds(33), milliseconds(5000), kFilmBytesPerPx);
  ASSERT_THAT(screen.areas_, SizeIs(1));
  EXPECT_EQ(screen.areas_[0].id, id);
}

TEST(MotionPlannerTest, RestEndsIt) {
  Screen screen;
  screen.Play(kFilm, milliseconds(33), milliseconds(1000), kFilmBytesPerPx);
  ASSERT_THAT(screen.areas_, SizeIs(1));
  const auto due = screen.planner_.next_change();
  ASSERT_TRUE(due.has_value());
  EXPECT_LT(*due - screen.now_, milliseconds(350));
  screen.Rest(milliseconds(350));
  EXPECT_THAT(screen.areas_, IsEmpty());
  EXPECT_FALSE(screen.planner_.next_change().has_value());
}

TEST(MotionPlannerTest, ABlinkingSpotDoesNotKeepAnAreaAlive) {
  Screen screen;
  screen.Play(kFilm, milliseconds(33), milliseconds(1000), kFilmBytesPerPx);
  screen.Play({400, 300, 20, 20}, milliseconds(100), milliseconds(2000),
              kTextBytesPerPx);
  EXPECT_THAT(screen.areas_, IsEmpty());
}

TEST(MotionPlannerTest, AStutteringFilmStaysVideo) {
  Screen screen;
  for (int i = 0; i < 10; ++i) {
    screen.Play(kFilm, milliseconds(33), milliseconds(500), kFilmBytesPerPx);
    if (i > 1) {
      EXPECT_THAT(screen.areas_, SizeIs(1)) << i;
    }
    screen.Rest(milliseconds(250));
  }
}

TEST(MotionPlannerTest, AFilmThatGrowsGetsALargerArea) {
  Screen screen;
  screen.Play(kFilm, milliseconds(33), milliseconds(1500), kFilmBytesPerPx);
  const Rect larger = {100, 100, 1280, 720};
  screen.Play(larger, milliseconds(33), milliseconds(1500), kFilmBytesPerPx);
  ASSERT_THAT(screen.areas_, SizeIs(1));
  EXPECT_TRUE(screen.areas_[0].rect.Contains(larger));
}

TEST(MotionPlannerTest, AtMostTwoAreasWhichDoNotMeet) {
  Screen screen;
  const Rect films[] = {
      {0, 0, 320, 240}, {800, 0, 320, 240}, {0, 700, 320, 240}};
  for (int frame = 0; frame < 60; ++frame) {
    for (const Rect& film : films)
      screen.planner_.Changed(Damage(film), screen.now_);
    screen.areas_ = screen.planner_.Plan(screen.now_);
    for (const Rect& film : films)
      screen.planner_.Weighed(film, size_t(film.AreaPx()));
    screen.now_ += milliseconds(33);
  }
  ASSERT_THAT(screen.areas_, SizeIs(2));
  EXPECT_TRUE(
      Intersection(screen.areas_[0].rect, screen.areas_[1].rect).empty());
}

TEST(MotionPlannerTest, WhatWasGivenUpIsNotTriedAgainAtOnce) {
  Screen screen;
  screen.Play(kFilm, milliseconds(33), milliseconds(1000), kFilmBytesPerPx);
  ASSERT_THAT(screen.areas_, SizeIs(1));
  screen.planner_.GiveUp(screen.areas_[0].id, screen.now_);
  screen.Play(kFilm, milliseconds(33), milliseconds(5000), kFilmBytesPerPx);
  EXPECT_THAT(screen.areas_, IsEmpty());
  screen.Play(kFilm, milliseconds(33), milliseconds(6000), kFilmBytesPerPx);
  EXPECT_THAT(screen.areas_, SizeIs(1));
}

TEST(MotionPlannerTest, WhatScrollsAfterACostlyFirstPictureIsNoVideo) {
  // A page with photographs: the first picture is costly, its copies are not.
  MotionPlanner planner(kSize);
  Time now = Time{} + std::chrono::hours(1);
  for (int frame = 0; frame < 60; ++frame) {
    planner.Changed(Damage(Rect::Of(kSize)), now);
    EXPECT_THAT(planner.Plan(now), IsEmpty()) << frame;
    planner.Weighed(Rect::Of(kSize),
                    frame == 0 ? size_t(1.5 * double(kSize.AreaPx())) : 0);
    now += milliseconds(16);
  }
}

TEST(MotionPlannerTest, TheCostlyEdgeOfAScrollIsNoVideo) {
  // Eight rows of photographs come in from below with each step.
  constexpr Rect kPage = {0, 0, 1920, 1072};
  constexpr Rect kNew = {0, 1064, 1920, 8};
  MotionPlanner planner(kSize);
  Time now = Time{} + std::chrono::hours(1);
  for (int frame = 0; frame < 200; ++frame) {
    planner.Changed(Damage(kPage), now);
    EXPECT_THAT(planner.Plan(now), IsEmpty()) << frame;
    planner.Weighed({0, 0, 1920, 1064}, 0);
    planner.Weighed(kNew, size_t(2.0 * double(kNew.AreaPx())));
    now += milliseconds(16);
  }
}

TEST(MotionPlannerTest, AnAreaThatPatchesWouldHoldGoesBackToThem) {
  Screen screen;
  screen.Play(kFilm, milliseconds(33), milliseconds(1000), kFilmBytesPerPx);
  ASSERT_THAT(screen.areas_, SizeIs(1));
  screen.planner_.AreaWouldWeigh(screen.areas_[0].id, kFilmBytesPerPx);
  screen.Play(kFilm, milliseconds(33), milliseconds(33), kFilmBytesPerPx);
  ASSERT_THAT(screen.areas_, SizeIs(1));
  screen.planner_.AreaWouldWeigh(screen.areas_[0].id, kTextBytesPerPx);
  screen.Play(kFilm, milliseconds(33), milliseconds(2000), kTextBytesPerPx);
  EXPECT_THAT(screen.areas_, IsEmpty());
}

TEST(MotionPlannerTest, AreasStayInsideAnyPicture) {
  for (const Size size : {Size{1, 1}, Size{65, 33}, Size{1366, 768},
                          Size{16384, 1}, Size{1, 16384}, Size{333, 777}}) {
    MotionPlanner planner(size);
    Time now = Time{} + std::chrono::hours(1);
    for (int frame = 0; frame < 60; ++frame) {
      planner.Changed(Damage(Rect::Of(size)), now);
      for (const MotionArea& area : planner.Plan(now)) {
        EXPECT_TRUE(Rect::Of(size).Contains(area.rect));
        EXPECT_FALSE(area.rect.empty());
      }
      planner.Weighed(Rect::Of(size), size_t(size.AreaPx()) * 2);
      now += milliseconds(16);
    }
  }
}

}  // namespace
}  // namespace oriel::encoder
