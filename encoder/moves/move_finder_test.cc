#include "encoder/moves/move_finder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>

#include "base/picture/damage.h"
#include "encoder/test_pictures.h"

namespace oriel::encoder {
namespace {

constexpr Size kSize = {800, 600};

Picture Part(const Picture& picture, const Rect& rect) {
  Picture part({rect.width_px, rect.height_px});
  for (int32_t y = 0; y < rect.height_px; ++y) {
    std::memcpy(part.MutableAt(0, y), picture.At(rect.x_px, rect.y_px + y),
                part.stride_bytes());
  }
  return part;
}

void Put(Picture& picture, const Picture& part, Point at) {
  for (int32_t y = 0; y < part.size().height_px; ++y) {
    std::memcpy(picture.MutableAt(at.x_px, at.y_px + y), part.At(0, y),
                part.stride_bytes());
  }
}

// As a drag does: the window's content goes along, grey is what it hid.
void Drag(Picture& picture, const Rect& window, Point to) {
  const Picture content = Part(picture, window);
  FillRect(picture, window, 0x808080);
  Put(picture, content, to);
}

void Check(const std::vector<Move>& moves, const Picture& before,
           const Picture& after, const std::vector<Rect>& barred) {
  const Rect all = Rect::Of(after.size());
  Damage destinations;
  for (const Move& move : moves) {
    EXPECT_FALSE(move.rect.empty());
    EXPECT_TRUE(all.Contains(move.rect));
    EXPECT_TRUE(all.Contains(move.SourceRect()));
    EXPECT_FALSE(destinations.Intersects(move.rect));
    destinations.Add(move.rect);
    EXPECT_EQ(Part(after, move.rect), Part(before, move.SourceRect()));
    for (const Rect& rect : barred) {
      EXPECT_TRUE(Intersection(rect, move.SourceRect()).empty());
    }
  }
}

// Both: the moves, checked against the pictures.
std::vector<Move> Find(MoveFinder& finder, const Picture& before,
                       const Picture& after, const std::vector<Rect>& changed,
                       const std::vector<Rect>& barred = {}) {
  const std::vector<Move> moves =
      finder.Find(ToBanded(after), ToBanded(before), changed, barred);
  Check(moves, before, after, barred);
  return moves;
}

std::vector<Move> FindAgain(MoveFinder& finder, const Picture& before,
                            const Picture& after,
                            const std::vector<Rect>& damage,
                            const std::vector<Rect>& barred = {}) {
  const std::vector<Move> moves =
      finder.FindAgain(ToBanded(after), ToBanded(before), damage, barred);
  Check(moves, before, after, barred);
  return moves;
}

int64_t MovedPx(const std::vector<Move>& moves, const Shift& source) {
  int64_t sum = 0;
  for (const Move& move : moves) {
    if (move.source == source) sum += move.rect.AreaPx();
  }
  return sum;
}

TEST(MoveFinderTest, APageScrollsInEveryDirection) {
  const Picture page = Typewriter().Page({1000, 900});
  const Picture before = Part(page, {100, 150, 800, 600});
  for (const Shift& source :
       {Shift{0, 16}, Shift{0, 1}, Shift{0, -120}, Shift{37, 0}, Shift{-64, 0},
        Shift{5, -7}, Shift{-90, 140}}) {
    MoveFinder finder;
    const Picture after =
        Part(page, {100 + source.dx_px, 150 + source.dy_px, 800, 600});
    const auto moves = Find(finder, before, after, {Rect::Of(kSize)});
    const int64_t possible_px =
        int64_t{800 - std::abs(source.dx_px)} * (600 - std::abs(source.dy_px));
    EXPECT_GE(MovedPx(moves, source), possible_px * 98 / 100)
        << source.dx_px << "," << source.dy_px;
  }
}

TEST(MoveFinderTest, ADraggedWindowIsFoundToThePixel) {
  const Picture page = Typewriter().Page(kSize);
  const Rect window = {101, 53, 301, 203};
  const Picture before = page;
  for (const Point to : {Point{110, 50}, Point{93, 70}, Point{400, 300},
                         Point{499, 397}, Point{0, 0}}) {
    Picture after = before;
    Drag(after, window, to);
    MoveFinder finder;
    const Rect stands = {to.x_px, to.y_px, 301, 203};
    const auto moves = Find(finder, before, after, {BoundsOf(window, stands)});
    ASSERT_GE(moves.size(), 1u);
    EXPECT_TRUE(moves[0].rect.Contains(stands))
        << to.x_px << "," << to.y_px << " " << moves[0].rect.width_px;
    EXPECT_EQ(moves[0].source, (Shift{101 - to.x_px, 53 - to.y_px}));
  }
}

TEST(MoveFinderTest, SeveralMovesAreFoundAtOnce) {
  Typewriter typewriter;
  const Picture before = typewriter.Page(kSize);
  Picture after = before;
  ScrollUp(after, {0, 0, 400, 300}, 16);
  ScrollUp(after, {400, 0, 400, 300}, 48);
  Drag(after, {50, 350, 200, 150}, {333, 377});
  MoveFinder finder;
  const auto moves =
      Find(finder, before, after, {{0, 0, 800, 300}, {0, 300, 800, 300}});
  EXPECT_GE(MovedPx(moves, {0, 16}), 400 * 270);
  EXPECT_GE(MovedPx(moves, {0, 48}), 400 * 240);
  EXPECT_GE(MovedPx(moves, {-283, -27}), 200 * 150 * 9 / 10);
}

TEST(MoveFinderTest, WhatGoesOnAsItDidIsFoundAndSoIsWhatDoesNot) {
  Picture page = Typewriter().Page(kSize);
  MoveFinder finder;
  std::set<int32_t> seen;
  for (const int32_t rows : {16, 16, 16, 32, 16, 32, 90}) {
    const Picture before = page;
    ScrollUp(page, {100, 40, 640, 500}, rows);
    const std::vector<Rect> changed = {{100, 40, 640, 500}};
    std::vector<Move> moves = FindAgain(finder, before, page, changed);
    EXPECT_EQ(moves.empty(), !seen.contains(rows)) << rows;
    if (moves.empty()) moves = Find(finder, before, page, changed);
    EXPECT_GE(MovedPx(moves, {0, rows}), 640 * (500 - rows) * 98 / 100) << rows;
    seen.insert(rows);
  }
}

TEST(MoveFinderTest, WhatGoesOnBesideAnotherMoveDoesNotExplainBoth) {
  const std::vector<Rect> all = {Rect::Of(kSize)};
  Picture page = Typewriter().Page(kSize);
  MoveFinder finder;
  Picture before = page;
  ScrollUp(page, {0, 0, 500, 600}, 16);
  EXPECT_FALSE(Find(finder, before, page, all).empty());
  before = page;
  ScrollUp(page, {0, 0, 500, 600}, 16);
  ScrollUp(page, {500, 0, 300, 400}, 9);
  EXPECT_TRUE(FindAgain(finder, before, page, all).empty());
  const auto moves = Find(finder, before, page, all);
  EXPECT_GE(MovedPx(moves, {0, 16}), 500 * 570);
  EXPECT_GE(MovedPx(moves, {0, 9}), 300 * 380);
}

TEST(MoveFinderTest, AfterAnUpdateWithoutMovesNothingGoesOn) {
  const std::vector<Rect> all = {Rect::Of(kSize)};
  Picture page = Typewriter().Page(kSize);
  MoveFinder finder;
  const Picture before = page;
  ScrollUp(page, Rect::Of(kSize), 16);
  EXPECT_FALSE(Find(finder, before, page, all).empty());
  EXPECT_TRUE(Find(finder, page, NoisePicture(kSize, 1), all).empty());
  EXPECT_TRUE(FindAgain(finder, before, page, all).empty());
}

TEST(MoveFinderTest, NoSourceTouchesWhatIsBarred) {
  std::mt19937 random(3);
  const Picture page = Typewriter().Page(kSize);
  for (int round = 0; round < 50; ++round) {
    Picture after = page;
    ScrollUp(after, Rect::Of(kSize), 1 + random() % 100);
    std::vector<Rect> barred;
    for (int i = 0; i < 3; ++i) {
      barred.push_back({static_cast<int32_t>(random() % 700),
                        static_cast<int32_t>(random() % 500),
                        1 + static_cast<int32_t>(random() % 100),
                        1 + static_cast<int32_t>(random() % 100)});
    }
    MoveFinder finder;
    EXPECT_FALSE(Find(finder, page, after, {Rect::Of(kSize)}, barred).empty());
  }
}

TEST(MoveFinderTest, PlainAndRepeatingContentHasNotMoved) {
  Picture stripes(kSize);
  Picture chequers(kSize);
  for (int32_t y = 0; y < kSize.height_px; ++y) {
    for (int32_t x = 0; x < kSize.width_px; ++x) {
      FillRect(stripes, {x, y, 1, 1}, x / 3 % 2 ? 0xFFFFFF : 0);
      FillRect(chequers, {x, y, 1, 1}, (x / 4 + y / 4) % 2 ? 0xFFFFFF : 0);
    }
  }
  MoveFinder finder;
  const std::vector<Rect> all = {Rect::Of(kSize)};
  EXPECT_TRUE(Find(finder, Picture(kSize), Picture(kSize), all).empty());
  EXPECT_TRUE(Find(finder, stripes, stripes, all).empty());
  EXPECT_TRUE(Find(finder, stripes, chequers, all).empty());
  EXPECT_TRUE(Find(finder, chequers, chequers, all).empty());
  EXPECT_TRUE(Find(finder, NoisePicture(kSize, 1), NoisePicture(kSize, 2), all)
                  .empty());
}

TEST(MoveFinderTest, APictureThatStandsStillHasNotMoved) {
  const Picture page = Typewriter().Page(kSize);
  MoveFinder finder;
  EXPECT_TRUE(Find(finder, page, page, {Rect::Of(kSize)}).empty());
}

TEST(MoveFinderTest, AScrollInAFilmsPlaceIsFoundSoon) {
  MoveFinder finder;
  const std::vector<Rect> all = {Rect::Of(kSize)};
  for (uint32_t i = 0; i < 20; ++i) {
    Find(finder, NoisePicture(kSize, i), NoisePicture(kSize, i + 1), all);
  }
  Picture page = Typewriter().Page(kSize);
  int found = 0;
  for (int update = 0; update < 20; ++update) {
    const Picture before = page;
    ScrollUp(page, Rect::Of(kSize), 3);
    if (!Find(finder, before, page, all).empty()) ++found;
  }
  EXPECT_GE(found, 20 - SearchAreas::kMaxPatience);
}

TEST(MoveFinderTest, WhateverChangesMovesAreExact) {
  std::mt19937 random(4);
  Typewriter typewriter;
  const auto below = [&](int32_t limit) {
    return static_cast<int32_t>(random() % std::max(1, limit));
  };
  for (const Size size : {Size{640, 480}, Size{97, 301}, Size{40, 40}}) {
    MoveFinder finder;
    Picture before = typewriter.Page(size);
    for (int step = 0; step < 60; ++step) {
      Picture after = before;
      for (int i = below(3); i >= 0; --i) {
        const Rect rect = {below(size.width_px / 2), below(size.height_px / 2),
                           1 + below(size.width_px / 2),
                           1 + below(size.height_px / 2)};
        if (random() % 2 == 0) {
          ScrollUp(after, rect, 1 + below(rect.height_px));
        } else {
          Drag(after, rect,
               {below(size.width_px - rect.width_px),
                below(size.height_px - rect.height_px)});
        }
        typewriter.DrawLine(after, 0, size.width_px, below(size.height_px));
      }
      std::vector<Rect> barred;
      if (step % 3 == 0) barred.push_back({below(size.width_px), 0, 20, 999});
      FindAgain(finder, before, after, {Rect::Of(size)}, barred);
      Find(finder, before, after, {Rect::Of(size)}, barred);
      before = after;
    }
  }
}

}  // namespace
}  // namespace oriel::encoder
