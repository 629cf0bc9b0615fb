#include "capture/sim/desktop_scene.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace oriel::capture::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::time_t kNoon = 1715680800;

SceneTime At(int64_t ms) { return {milliseconds(ms), kNoon + ms / 1000}; }

std::vector<uint32_t> PixelsOf(const Canvas& canvas) {
  const Size size = canvas.size();
  return {canvas.Row(0), canvas.Row(0) + size.AreaPx()};
}

std::unique_ptr<Scene> Make(Size size) {
  auto scene =
      MakeDesktopScene({.size = size, .rate_hz = 30, .format_name = "XR24"});
  EXPECT_TRUE(scene.ok()) << scene.status();
  return scene.ok() ? *std::move(scene) : nullptr;
}

TEST(DesktopSceneTest, TheFirstDrawCoversEverything) {
  const auto scene = Make({640, 360});
  EXPECT_EQ(scene->Draw(At(0)), Damage(Rect{0, 0, 640, 360}));
  for (uint32_t pixel : PixelsOf(scene->canvas())) {
    ASSERT_EQ(pixel >> 24, 0xFFu);
  }
}

TEST(DesktopSceneTest, DamageCoversEveryChangedPixel) {
  const auto scene = Make({640, 360});
  scene->Draw(At(0));
  std::vector<uint32_t> before = PixelsOf(scene->canvas());
  for (int64_t ms = 33; ms < 8000; ms += 133) {
    const Damage damage = scene->Draw(At(ms));
    std::vector<uint32_t> after = PixelsOf(scene->canvas());
    for (int y = 0; y < 360; ++y) {
      for (int x = 0; x < 640; ++x) {
        if (before[y * 640 + x] == after[y * 640 + x]) continue;
        ASSERT_TRUE(damage.Contains({x, y, 1, 1}))
            << x << "," << y << " at " << ms << " ms";
      }
    }
    before = std::move(after);
  }
}

TEST(DesktopSceneTest, TheSameTimesGiveTheSamePixels) {
  const auto one = Make({800, 450});
  const auto other = Make({800, 450});
  for (int64_t ms = 0; ms < 5000; ms += 100) {
    one->Draw(At(ms));
    other->Draw(At(ms));
  }
  EXPECT_EQ(PixelsOf(one->canvas()), PixelsOf(other->canvas()));
}

TEST(DesktopSceneTest, ItIsNeverAtRestButMostOfItIs) {
  const auto scene = Make({1280, 720});
  scene->Draw(At(0));
  for (int64_t ms = 100; ms < 3000; ms += 100) {
    const int64_t area = scene->Draw(At(ms)).AreaPx();
    EXPECT_GT(area, 0) << ms;
    EXPECT_LT(area, 1280 * 720 * 2 / 3) << ms;
  }
}

TEST(DesktopSceneTest, TheClockMovesWithTheWallTime) {
  const auto scene = Make({1280, 720});
  scene->Draw({milliseconds(0), kNoon});
  const Damage same = scene->Draw({milliseconds(40), kNoon});
  const Damage next = scene->Draw({milliseconds(80), kNoon + 1});
  const Rect panel = {0, 0, 1280, 10};
  EXPECT_FALSE(same.Intersects(panel));
  EXPECT_TRUE(next.Intersects(panel));
}

TEST(DesktopSceneTest, NothingChangesWithinATick) {
  const auto scene = Make({640, 360});
  scene->Draw(At(1000));
  const auto next = scene->NextChange(At(1000));
  ASSERT_TRUE(next.has_value());
  EXPECT_GT(*next, milliseconds(1000));
  EXPECT_LE(*next, milliseconds(1034));
}

TEST(DesktopSceneTest, AnotherModeIsDrawnAnew) {
  const auto scene = Make({640, 360});
  scene->Draw(At(0));
  for (Size size : {Size{64, 64}, Size{3840, 2160}, Size{768, 1366}}) {
    ASSERT_TRUE(scene->SetSize(size).ok());
    EXPECT_EQ(scene->Draw(At(50)), Damage(Rect::Of(size)));
    EXPECT_EQ(scene->canvas().size(), size);
  }
}

TEST(DesktopSceneTest, ALongGapIsNotMadeUpFor) {
  const auto scene = Make({640, 360});
  scene->Draw(At(0));
  scene->Draw(At(int64_t{1000} * 3600 * 24 * 365));
  EXPECT_TRUE(scene->NextChange(At(0)).has_value());
}

}  // namespace
}  // namespace oriel::capture::sim
