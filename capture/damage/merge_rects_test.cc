#include "capture/damage/merge_rects.h"

#include <random>
#include <vector>

#include "base/picture/banded_picture.h"
#include "capture/damage/tile_grid.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

constexpr Size kSize = {1920, 1080};

// The parts of `rect` tile by tile, as a scan finds them.
std::vector<Rect> CutIntoTiles(const std::vector<Rect>& rects) {
  std::vector<Rect> parts;
  for (int32_t y = 0; y < kSize.height_px; y += kBandHeightPx) {
    for (int32_t x = 0; x < kSize.width_px; x += kTileWidthPx) {
      for (const Rect& rect : rects) {
        const Rect part =
            Intersection(rect, {x, y, kTileWidthPx, kBandHeightPx});
        if (!part.empty()) parts.push_back(part);
      }
    }
  }
  return parts;
}

TEST(MergeRectsTest, NothingMakesNoDamage) {
  EXPECT_TRUE(MergeTileRects({}, kSize).empty());
}

TEST(MergeRectsTest, LineOfTextIsOneRectangle) {
  std::vector<Rect> words;
  for (int32_t x = 0; x < 20; ++x) {  // heights as of different letters
    words.push_back({x * 64 + x % 5, 100 + x % 3, 64 - x % 7, 12 + x % 4});
  }
  const Damage damage = MergeTileRects(words, kSize);
  EXPECT_EQ(damage.Rects().size(), 1u);
}

TEST(MergeRectsTest, LineOfTextAcrossTwoBandsIsOneRectangle) {
  const Rect line = {10, 120, 700, 16};
  std::vector<Rect> parts = CutIntoTiles({line});
  parts.front().x_px += 3;
  parts.front().width_px -= 3;
  parts.back().width_px -= 2;
  EXPECT_EQ(MergeTileRects(parts, kSize), Damage(line));
}

TEST(MergeRectsTest, WindowIsOneRectangle) {
  const Rect window = {33, 47, 801, 599};
  EXPECT_EQ(MergeTileRects(CutIntoTiles({window}), kSize), Damage(window));
}

TEST(MergeRectsTest, DistantChangesStayApart) {
  const std::vector<Rect> two = {{10, 10, 8, 16}, {1800, 10, 8, 16}};
  EXPECT_EQ(MergeTileRects(two, kSize), Damage::FromRects(two));
}

TEST(MergeRectsTest, ClockAndCursorDoNotDrawInWhatLiesBetween) {
  const std::vector<Rect> parts = {{1850, 5, 40, 12}, {300, 400, 2, 16}};
  const Damage damage = MergeTileRects(parts, kSize);
  EXPECT_EQ(damage.AreaPx(), 40 * 12 + 2 * 16);
}

TEST(MergeRectsTest, ResultCoversAllAndWastesLittle) {
  std::mt19937 random(8);
  for (int step = 0; step < 100; ++step) {
    std::vector<Rect> tight;
    int64_t area = 0;
    for (int32_t y = 0; y < kSize.height_px; y += kBandHeightPx) {
      for (int32_t x = 0; x < kSize.width_px; x += kTileWidthPx) {
        if (random() % 20 != 0) continue;
        const int32_t dx = static_cast<int32_t>(random() % 32);
        const int32_t dy = static_cast<int32_t>(random() % 16);
        const Rect rect = Intersection(
            {x + dx, y + dy, 1 + static_cast<int32_t>(random() % 32),
             1 + static_cast<int32_t>(random() % 16)},
            Rect::Of(kSize));
        if (rect.empty()) continue;
        area += rect.AreaPx();
        tight.push_back(rect);
      }
    }
    const Damage damage = MergeTileRects(tight, kSize);
    for (const Rect& rect : tight) ASSERT_TRUE(damage.Contains(rect)) << step;
    ASSERT_LE(damage.AreaPx(),
              area * 9 / 8 + 512 * static_cast<int64_t>(tight.size()));
    ASSERT_LE(damage.Rects().size(), size_t{kMaxDamageRects});
  }
}

TEST(MergeRectsTest, NoiseInEveryTileStaysBounded) {
  std::mt19937 random(9);
  std::vector<Rect> tight;
  for (int32_t y = 0; y < kSize.height_px; y += kBandHeightPx) {
    for (int32_t x = 0; x < kSize.width_px; x += kTileWidthPx) {
      tight.push_back(
          Intersection({x + static_cast<int32_t>(random() % 60),
                        y + static_cast<int32_t>(random() % 24), 4, 8},
                       Rect::Of(kSize)));
    }
  }
  const Damage damage = MergeTileRects(tight, kSize);
  EXPECT_LE(damage.Rects().size(), size_t{kMaxDamageRects});
  for (const Rect& rect : tight) EXPECT_TRUE(damage.Contains(rect));
  EXPECT_TRUE(Rect::Of(kSize).Contains(damage.Bounds()));
}

}  // namespace
}  // namespace oriel::capture
