#include "encoder/moves/anchors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "encoder/moves/falling_edges.h"
#include "encoder/test_pictures.h"

namespace oriel::encoder {
namespace {

constexpr Size kSize = {640, 480};

TEST(FallingEdgesTest, AgreesWithTheSimplestLoopAtEveryWidth) {
  const Picture noise = NoisePicture({300, 1}, 1);
  std::vector<uint64_t> bits;
  for (int32_t width = 1; width <= 300; ++width) {
    FallingEdges(noise.At(0, 0), width, bits);
    ASSERT_EQ(bits.size(), size_t(width + 63) / 64 + 1);
    for (int32_t x = 0; x < width; ++x) {
      int32_t here = 0;
      int32_t next = 0;
      std::memcpy(&here, noise.At(x, 0), 4);
      if (x + 1 < width) std::memcpy(&next, noise.At(x + 1, 0), 4);
      const bool falls = x + 1 < width && here > next;
      ASSERT_EQ(bits[x / 64] >> (x % 64) & 1, falls) << x << " of " << width;
    }
    ASSERT_EQ(bits.back(), 0u);
  }
}

TEST(AnchorScannerTest, AnchorsMoveWithTheContent) {
  const Picture page = Typewriter().Page(kSize);
  Picture moved({640, 480});
  for (int32_t y = 0; y < 200; ++y) {
    std::memcpy(moved.MutableAt(37, y + 11), page.At(100, y), 400 * 4);
  }
  const BandedPicture before = ToBanded(page);
  const BandedPicture after = ToBanded(moved);
  std::vector<Anchor> stood;
  std::vector<Anchor> stands;
  AnchorScanner scanner;
  scanner.Start(before, {100, 50, 360, 100}, 50);
  for (int i = 0; i < 100; ++i) scanner.TakeRow(stood);
  scanner.Start(after, {37, 61, 360, 100}, 61);
  for (int i = 0; i < 100; ++i) scanner.TakeRow(stands);
  ASSERT_GT(stood.size(), 500u);
  ASSERT_EQ(stood.size(), stands.size());
  for (size_t i = 0; i < stood.size(); ++i) {
    EXPECT_EQ(stood[i].key, stands[i].key);
    EXPECT_EQ(stood[i].at.x_px - 63, stands[i].at.x_px);
    EXPECT_EQ(stood[i].at.y_px + 11, stands[i].at.y_px);
  }
}

TEST(AnchorScannerTest, PlainAreasAndThePicturesEdgesAreSafe) {
  std::vector<Anchor> anchors;
  AnchorScanner scanner;
  const BandedPicture plain({640, 480});
  scanner.Start(plain, {0, 0, 640, 480}, 0);
  for (int i = 0; i < 480; ++i) scanner.TakeRow(anchors);
  EXPECT_TRUE(anchors.empty());
  for (const Size size : {Size{1, 1}, Size{31, 2}, Size{33, 40}}) {
    const BandedPicture noise = ToBanded(NoisePicture(size, 2));
    scanner.Start(noise, Rect::Of(size), 0);
    for (int i = 0; i < size.height_px; ++i) scanner.TakeRow(anchors);
  }
}

TEST(AnchorIndexTest, WhatStandsInTwoPlacesIsNotFound) {
  AnchorIndex index;
  index.Build({{5, {1, 2}}, {6, {3, 4}}, {5, {7, 8}}, {6, {3, 4}}});
  EXPECT_EQ(index.Find(5), std::nullopt);
  EXPECT_EQ(index.Find(6), (Point{3, 4}));
  EXPECT_EQ(index.Find(7), std::nullopt);
  index.Build({});
  EXPECT_EQ(index.Find(6), std::nullopt);
}

TEST(AnchorIndexTest, TooManyAnchorsAreThinnedOutAlike) {
  std::vector<Anchor> anchors;
  for (int32_t i = 0; i < 300'000; ++i) {
    const uint64_t number = static_cast<uint32_t>(i);
    anchors.push_back(
        {(number * 0x9E3779B97F4A7C15) ^ number << 7, {i % 1000, i / 1000}});
  }
  AnchorIndex index;
  index.Build(anchors);
  int found = 0;
  for (const Anchor& anchor : anchors) {
    if (!index.Wants(anchor.key)) continue;
    const std::optional<Point> at = index.Find(anchor.key);
    if (!at.has_value()) continue;
    EXPECT_EQ(*at, anchor.at);
    ++found;
  }
  EXPECT_GT(found, 2000);
  EXPECT_LE(found, 8 * 1024);
}

TEST(AnchorIndexTest, KeysThatAllMeetInOneSlotEnd) {
  std::vector<Anchor> anchors;
  for (uint64_t i = 0; i < 8'000; ++i) {
    anchors.push_back({i << 14, {static_cast<int32_t>(i), 0}});
  }
  AnchorIndex index;
  index.Build(anchors);
  for (const Anchor& anchor : anchors) {
    const std::optional<Point> at = index.Find(anchor.key);
    EXPECT_EQ(at.value_or(anchor.at), anchor.at);
  }
}

}  // namespace
}  // namespace oriel::encoder
