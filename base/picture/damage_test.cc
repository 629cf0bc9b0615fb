#include "base/picture/damage.h"

#include <bitset>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace oriel {
namespace {

constexpr int kSide = 40;

// The plain answer: one bit a pixel.
class Bitmap {
 public:
  static Bitmap Of(const Rect& rect) {
    Bitmap bitmap;
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        bitmap.bits_[y * kSide + x] = rect.Contains({x, y, 1, 1});
      }
    }
    return bitmap;
  }
  // Fails the test when rectangles overlap or are out of order.
  static Bitmap Of(const Damage& damage) {
    Bitmap bitmap;
    const std::vector<Rect> rects = damage.Rects();
    for (size_t i = 0; i < rects.size(); ++i) {
      const Bitmap part = Of(rects[i]);
      EXPECT_FALSE(rects[i].empty());
      EXPECT_TRUE((bitmap.bits_ & part.bits_).none());
      bitmap.bits_ |= part.bits_;
      if (i == 0) continue;
      EXPECT_TRUE(rects[i - 1].y_px < rects[i].y_px ||
                  (rects[i - 1].y_px == rects[i].y_px &&
                   rects[i - 1].right_px() < rects[i].x_px));
    }
    return bitmap;
  }

  void Add(const Bitmap& other) { bits_ |= other.bits_; }
  void Subtract(const Bitmap& other) { bits_ &= ~other.bits_; }
  void IntersectWith(const Bitmap& other) { bits_ &= other.bits_; }
  bool Intersects(const Bitmap& other) const {
    return (bits_ & other.bits_).any();
  }
  bool Contains(const Bitmap& other) const {
    return (other.bits_ & ~bits_).none();
  }
  int64_t AreaPx() const { return static_cast<int64_t>(bits_.count()); }
  Rect Bounds() const {
    int left = kSide, right = 0, top = kSide, bottom = 0;
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        if (!bits_[y * kSide + x]) continue;
        left = std::min(left, x);
        right = std::max(right, x + 1);
        top = std::min(top, y);
        bottom = std::max(bottom, y + 1);
      }
    }
    if (right == 0) return {};
    return {left, top, right - left, bottom - top};
  }
  // The same set put together pixel by pixel, bottom up.
  Damage AddedBackwards() const {
    Damage damage;
    for (int i = kSide * kSide - 1; i >= 0; --i) {
      if (bits_[i]) damage.Add(Rect{i % kSide, i / kSide, 1, 1});
    }
    return damage;
  }

  friend bool operator==(const Bitmap&, const Bitmap&) = default;

 private:
  std::bitset<kSide * kSide> bits_;
};

class RandomRects {
 public:
  explicit RandomRects(uint32_t seed) : random_(seed) {}
  int Below(int limit) { return static_cast<int>(random_() % limit); }
  // Sometimes empty; edges meet often.
  Rect Next() {
    const int x = Below(kSide / 4) * 4;
    const int y = Below(kSide / 2) * 2;
    return {x, y, Below(std::min(13, kSide - x + 1)),
            Below(std::min(13, kSide - y + 1))};
  }
  std::vector<Rect> Several(int count) {
    std::vector<Rect> rects;
    for (int i = 0; i < count; ++i) rects.push_back(Next());
    return rects;
  }

 private:
  std::mt19937 random_;
};

Damage AddedOneByOne(const std::vector<Rect>& rects) {
  Damage damage;
  for (const Rect& rect : rects) damage.Add(rect);
  return damage;
}

void ApplyRandomOperation(RandomRects& random, Damage& damage,
                          Bitmap& expected) {
  const Rect rect = random.Next();
  const Damage several = AddedOneByOne(random.Several(random.Below(5)));
  switch (random.Below(8)) {
    case 0:
    case 1:
    case 2:
      damage.Add(rect);
      expected.Add(Bitmap::Of(rect));
      break;
    case 3:
      damage.Add(several);
      expected.Add(Bitmap::Of(several));
      break;
    case 4:
      damage.Subtract(rect);
      expected.Subtract(Bitmap::Of(rect));
      break;
    case 5:
      damage.Subtract(several);
      expected.Subtract(Bitmap::Of(several));
      break;
    case 6: {
      Damage kept = several;
      kept.Add(Rect{0, 0, kSide, kSide / 2});
      damage.IntersectWith(kept);
      expected.IntersectWith(Bitmap::Of(kept));
      break;
    }
    case 7: {
      const Rect kept = {random.Below(5), random.Below(5), 35, 35};
      damage.IntersectWith(kept);
      expected.IntersectWith(Bitmap::Of(kept));
      break;
    }
  }
}

TEST(DamageTest, EveryOperationMatchesABitmap) {
  RandomRects random(20240607);
  Damage damage;
  Bitmap expected;
  for (int step = 0; step < 4000; ++step) {
    ApplyRandomOperation(random, damage, expected);
    ASSERT_EQ(Bitmap::Of(damage), expected) << "step " << step;
    ASSERT_EQ(damage.empty(), expected.AreaPx() == 0) << "step " << step;
    ASSERT_EQ(damage.AreaPx(), expected.AreaPx()) << "step " << step;
    ASSERT_EQ(damage.Bounds(), expected.Bounds()) << "step " << step;
    const Rect probe = random.Next();
    ASSERT_EQ(damage.Intersects(probe), expected.Intersects(Bitmap::Of(probe)))
        << "step " << step;
    ASSERT_EQ(damage.Contains(probe), expected.Contains(Bitmap::Of(probe)))
        << "step " << step;
  }
}

TEST(DamageTest, EqualSetsCompareEqualHoweverTheyWereMade) {
  RandomRects random(11);
  Damage damage;
  Bitmap expected;
  for (int step = 0; step < 100; ++step) {
    ApplyRandomOperation(random, damage, expected);
    ASSERT_EQ(damage, expected.AddedBackwards()) << "step " << step;
  }
}

TEST(DamageTest, FromRectsEqualsAddingOneByOneInAnyOrder) {
  RandomRects random(12);
  for (int step = 0; step < 500; ++step) {
    std::vector<Rect> rects = random.Several(random.Below(12));
    const Damage expected = AddedOneByOne(rects);
    ASSERT_EQ(Damage::FromRects(rects), expected) << "step " << step;
    std::reverse(rects.begin(), rects.end());
    ASSERT_EQ(Damage::FromRects(rects), expected) << "step " << step;
  }
}

TEST(DamageTest, TilesOfAFrameMergeIntoOneRectangle) {
  std::vector<Rect> tiles;
  for (int y = 0; y < 1080; y += 32) {
    for (int x = 0; x < 1920; x += 64) {
      tiles.push_back(Intersection({x, y, 64, 32}, {0, 0, 1920, 1080}));
    }
  }
  EXPECT_EQ(Damage::FromRects(tiles), Damage(Rect{0, 0, 1920, 1080}));
  EXPECT_EQ(AddedOneByOne(tiles), Damage(Rect{0, 0, 1920, 1080}));
}

TEST(DamageTest, EmptyRectanglesChangeNothing) {
  Damage damage(Rect{3, 4, 0, 9});
  EXPECT_TRUE(damage.empty());
  EXPECT_EQ(damage.Bounds(), Rect{});
  damage.Add(Rect{1, 1, 5, 5});
  damage.Subtract(Rect{2, 2, -1, 3});
  EXPECT_EQ(damage, Damage(Rect{1, 1, 5, 5}));
  EXPECT_FALSE(damage.Intersects(Rect{2, 2, 0, 1}));
  damage.IntersectWith(Rect{});
  EXPECT_TRUE(damage.empty());
}

TEST(DamageTest, ClearedDamageEqualsNew) {
  Damage damage(Rect{1, 1, 5, 5});
  damage.Clear();
  EXPECT_EQ(damage, Damage());
}

}  // namespace
}  // namespace oriel
