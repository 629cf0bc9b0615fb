#include "base/picture/banded_picture.h"

#include <cstring>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace oriel {
namespace {

// Writes `rect` of `picture` in one colour, band by band as scans do.
void Fill(BandedPicture& picture, const Rect& rect, uint32_t bgrx) {
  for (int i = 0; i < picture.band_count(); ++i) {
    const Rect part = Intersection(rect, picture.BandRect(i));
    if (part.empty()) continue;
    uint8_t* band = picture.MutableBand(i);
    for (int32_t y = part.y_px; y < part.bottom_px(); ++y) {
      for (int32_t x = part.x_px; x < part.right_px(); ++x) {
        std::memcpy(band +
                        size_t(y - i * kBandHeightPx) * picture.stride_bytes() +
                        size_t(x) * kBytesPerPixel,
                    &bgrx, kBytesPerPixel);
      }
    }
  }
}

void Fill(Picture& picture, const Rect& rect, uint32_t bgrx) {
  for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
    for (int32_t x = rect.x_px; x < rect.right_px(); ++x) {
      std::memcpy(picture.MutableAt(x, y), &bgrx, kBytesPerPixel);
    }
  }
}

Rect RandomRect(std::mt19937& random, Size size) {
  const auto x = static_cast<int32_t>(random() % size.width_px);
  const auto y = static_cast<int32_t>(random() % size.height_px);
  return {x, y, 1 + static_cast<int32_t>(random() % (size.width_px - x)),
          1 + static_cast<int32_t>(random() % (size.height_px - y))};
}

TEST(BandedPictureTest, StartsBlackWithAShortLastBand) {
  const BandedPicture picture(Size{5, kBandHeightPx + 3});
  EXPECT_EQ(picture.band_count(), 2);
  EXPECT_EQ(picture.BandRect(1), (Rect{0, kBandHeightPx, 5, 3}));
  EXPECT_EQ(picture.ToPicture(), Picture(Size{5, kBandHeightPx + 3}));
}

TEST(BandedPictureTest, ABandWriterClonesASharedBandAndNoOther) {
  const Size size = {5, kBandHeightPx + 7};
  Picture expected(size);
  BandedPicture picture(size);
  for (int32_t y = 0; y < size.height_px; ++y) {
    Fill(picture, {0, y, 5, 1}, 0xFF000000 + y);
    Fill(expected, {0, y, 5, 1}, 0xFF000000 + y);
  }
  const Picture before = expected;
  for (const bool shared : {true, false}) {
    const BandedPicture copy = shared ? picture : BandedPicture();
    {
      BandedPicture::BandWriter writer(picture, 1);
      EXPECT_EQ(std::memcmp(writer.Row(2), expected.At(0, kBandHeightPx + 2),
                            picture.stride_bytes()),
                0);
      for (const int32_t row : {2, 4, 4}) {
        writer.Row(row)[4] += 100;
        expected.MutableAt(1, kBandHeightPx + row)[0] += 100;
      }
    }
    EXPECT_EQ(picture.ToPicture(), expected);
    if (!shared) continue;
    EXPECT_EQ(copy.ToPicture(), before);
    EXPECT_FALSE(picture.SharesBand(1, copy));
    EXPECT_TRUE(picture.SharesBand(0, copy));
  }
}

TEST(BandedPictureTest, WithoutAreaItIsEmpty) {
  for (const Size size : {Size{}, Size{0, 9}, Size{9, 0}, Size{-4, -4}}) {
    const BandedPicture picture(size);
    EXPECT_TRUE(picture.empty());
    EXPECT_EQ(picture.band_count(), 0);
    EXPECT_EQ(picture.size(), Size{});
    EXPECT_EQ(picture.ToPicture(), Picture());
  }
}

TEST(BandedPictureTest, CopySharesEveryBandUntilOneIsWritten) {
  BandedPicture picture(Size{8, 3 * kBandHeightPx});
  const BandedPicture copy = picture;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(picture.SharesBand(i, copy));
  Fill(picture, {0, kBandHeightPx, 8, 1}, 0xFF123456);
  EXPECT_TRUE(picture.SharesBand(0, copy));
  EXPECT_FALSE(picture.SharesBand(1, copy));
  EXPECT_TRUE(picture.SharesBand(2, copy));
  EXPECT_EQ(copy.ToPicture(), Picture(Size{8, 3 * kBandHeightPx}));
}

TEST(BandedPictureTest, UnsharedBandIsWrittenInPlace) {
  BandedPicture picture(Size{8, 8});
  const uint8_t* before = picture.Row(0);
  EXPECT_EQ(picture.MutableBand(0), before);
  { const BandedPicture copy = picture; }
  EXPECT_EQ(picture.MutableBand(0), before);
}

TEST(BandedPictureTest, AssignmentAndMoveKeepPixelsAndCounts) {
  BandedPicture a(Size{8, 40});
  Fill(a, {0, 0, 8, 40}, 0xFF0000AA);
  const Picture pixels = a.ToPicture();
  BandedPicture b(Size{3, 3});
  b = a;
  EXPECT_TRUE(b.SharesBand(1, a));
  BandedPicture c = std::move(b);
  EXPECT_TRUE(b.empty());
  a = BandedPicture();
  const uint8_t* row = c.Row(0);
  EXPECT_EQ(c.MutableBand(0), row);
  BandedPicture& self = c;
  c = self;
  EXPECT_EQ(c.ToPicture(), pixels);
}

TEST(BandedPictureTest, RandomWritesAndCopiesMatchPlainPictures) {
  constexpr Size kSize = {37, 3 * kBandHeightPx + 5};
  std::mt19937 random(42);
  std::vector<BandedPicture> banded(4, BandedPicture(kSize));
  std::vector<Picture> plain(4, Picture(kSize));
  for (int step = 0; step < 600; ++step) {
    const size_t to = random() % 4;
    const size_t from = random() % 4;
    const Rect rect = random() % 8 == 0 ? Rect::Of(kSize)  // whole bands too
                                        : RandomRect(random, kSize);
    switch (random() % 3) {
      case 0: {
        const uint32_t bgrx = 0xFF000000 | static_cast<uint32_t>(random());
        Fill(banded[to], rect, bgrx);
        Fill(plain[to], rect, bgrx);
        break;
      }
      case 1:
        banded[to].CopyFrom(banded[from], rect);
        for (int32_t y = rect.y_px; to != from && y < rect.bottom_px(); ++y) {
          std::memcpy(plain[to].MutableAt(rect.x_px, y),
                      plain[from].At(rect.x_px, y),
                      size_t(rect.width_px) * kBytesPerPixel);
        }
        break;
      case 2:
        banded[to] = banded[from];
        plain[to] = plain[from];
        break;
    }
    for (size_t i = 0; i < 4; ++i) {
      ASSERT_EQ(banded[i].ToPicture(), plain[i]) << "step " << step;
    }
  }
}

TEST(BandedPictureTest, CopyFromSharesWholeBandsAndClips) {
  constexpr Size kSize = {16, 2 * kBandHeightPx + 7};
  BandedPicture source(kSize);
  Fill(source, Rect::Of(kSize), 0xFF445566);
  BandedPicture target(kSize);
  target.CopyFrom(source, {-5, kBandHeightPx, 100, 1000});
  EXPECT_FALSE(target.SharesBand(0, source));
  EXPECT_TRUE(target.SharesBand(1, source));
  EXPECT_TRUE(target.SharesBand(2, source));
  target.CopyFrom(source, {100, 0, 5, 5});
  EXPECT_FALSE(target.SharesBand(0, source));
}

TEST(BandedPictureTest, CopyToWritesOnlyTheRectangleAtTheGivenStride) {
  BandedPicture picture(Size{9, 2 * kBandHeightPx});
  Fill(picture, {2, kBandHeightPx - 1, 3, 2}, 0xFF010203);
  constexpr size_t kStride = 20;
  std::vector<uint8_t> out(2 * kStride, 0xEE);
  picture.CopyTo({2, kBandHeightPx - 1, 3, 2}, out.data(), kStride);
  for (size_t y = 0; y < 2; ++y) {
    for (size_t i = 0; i < kStride; ++i) {
      const uint8_t expected = i < 12 ? "\x03\x02\x01\xFF"[i % 4] : 0xEE;
      EXPECT_EQ(out[y * kStride + i], expected) << y << " " << i;
    }
  }
}

// Meant for TSan: the bytes below are plain, only the bands' counts order them.
TEST(BandedPictureTest, CopyIsReadOnAnotherThreadWhileTheOriginalIsWritten) {
  constexpr Size kSize = {16, 2 * kBandHeightPx};
  BandedPicture picture(kSize);
  for (uint32_t i = 0; i < 200; ++i) {
    const uint32_t bgrx = 0xFF000000 | i;
    Fill(picture, Rect::Of(kSize), bgrx);
    Picture expected(kSize);
    Fill(expected, Rect::Of(kSize), bgrx);
    Picture seen;
    std::thread reader([copy = picture, &seen]() mutable {
      seen = BandedPicture(copy).ToPicture();
      copy = BandedPicture();
    });
    Fill(picture, {0, 0, 16, kBandHeightPx}, 0xFFFFFFFF);
    Fill(picture, {3, 0, 2, kSize.height_px}, 0xFF00FF00);
    reader.join();
    ASSERT_EQ(seen, expected);
  }
}

}  // namespace
}  // namespace oriel
