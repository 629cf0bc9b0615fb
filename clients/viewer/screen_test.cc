#include "clients/viewer/screen.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

Picture Solid(Size size, uint8_t value) {
  Picture picture(size);
  for (int32_t y = 0; y < size.height_px; ++y) {
    for (int32_t x = 0; x < size.width_px; ++x) {
      for (int i = 0; i < 3; ++i) picture.MutableAt(x, y)[i] = value;
    }
  }
  return picture;
}

struct Seen {
  Screen::Taken taken;
  std::vector<Rect> rects;
};

Seen TakeAll(Screen& screen) {
  Seen seen;
  seen.taken =
      screen.Take([&](const Screen::Taken&, const PictureView&,
                      const Rect& rect) { seen.rects.push_back(rect); });
  return seen;
}

TEST(ScreenTest, DeliversOnlyWhatIsNew) {
  Screen screen([] {});
  screen.Reset({16, 16});
  const Seen first = TakeAll(screen);
  EXPECT_TRUE(first.taken.resized);
  EXPECT_EQ(first.rects, std::vector<Rect>{(Rect{0, 0, 16, 16})});
  EXPECT_TRUE(TakeAll(screen).rects.empty());
  screen.Put(Solid({16, 16}, 9), Damage(Rect{2, 3, 4, 5}));
  uint8_t inside = 0;
  uint8_t outside = 1;
  screen.Take([&](const Screen::Taken& taken, const PictureView& view,
                  const Rect& rect) {
    EXPECT_FALSE(taken.resized);
    EXPECT_EQ(rect, (Rect{2, 3, 4, 5}));
    inside = *view.At(2, 3);
    outside = *view.At(6, 3);
  });
  EXPECT_EQ(inside, 9);
  EXPECT_EQ(outside, 0);
}

TEST(ScreenTest, MergesWhatWasNotTaken) {
  Screen screen([] {});
  screen.Reset({16, 16});
  TakeAll(screen);
  screen.Put(Solid({16, 16}, 1), Damage(Rect{0, 0, 8, 16}));
  screen.Put(Solid({16, 16}, 2), Damage(Rect{8, 0, 8, 16}));
  EXPECT_EQ(TakeAll(screen).rects, std::vector<Rect>{(Rect{0, 0, 16, 16})});
}

TEST(ScreenTest, WakesOnceBeforeEachTake) {
  int wakes = 0;
  Screen screen([&] { ++wakes; });
  screen.Reset({4, 4});
  screen.SetStatus({});
  screen.Put(Solid({4, 4}, 1), Damage(Rect{0, 0, 4, 4}));
  EXPECT_EQ(wakes, 1);
  TakeAll(screen);
  screen.SetExact(true);
  screen.SetExact(true);
  EXPECT_EQ(wakes, 2);
  EXPECT_TRUE(TakeAll(screen).taken.status.exact);
}

TEST(ScreenTest, APictureOfAnotherSizeIsLeftOut) {
  Screen screen([] {});
  screen.Reset({4, 4});
  TakeAll(screen);
  screen.Put(Solid({8, 8}, 1), Damage(Rect{0, 0, 8, 8}));
  EXPECT_TRUE(TakeAll(screen).rects.empty());
}

TEST(ScreenTest, AfterInvalidateEverythingComesAgain) {
  Screen screen([] {});
  screen.Reset({4, 4});
  TakeAll(screen);
  screen.Invalidate();
  const Seen seen = TakeAll(screen);
  EXPECT_TRUE(seen.taken.resized);
  EXPECT_EQ(seen.rects, std::vector<Rect>{(Rect{0, 0, 4, 4})});
}

TEST(ScreenTest, TwoThreadsMayUseIt) {
  std::atomic<int> wakes = 0;
  Screen screen([&] { ++wakes; });
  screen.Reset({32, 32});
  std::thread network([&] {
    for (int i = 0; i < 200; ++i) {
      screen.Put(Solid({32, 32}, static_cast<uint8_t>(i)),
                 Damage(Rect{0, 0, 32, 32}));
      screen.SetExact(i % 2 == 0);
    }
  });
  for (int i = 0; i < 200; ++i) TakeAll(screen);
  network.join();
  uint8_t last = 0;
  screen.Invalidate();
  screen.Take([&](const Screen::Taken&, const PictureView& view, const Rect&) {
    last = *view.At(31, 31);
  });
  EXPECT_EQ(last, 199);
  EXPECT_GT(wakes.load(), 0);
}

}  // namespace
}  // namespace oriel::clients
