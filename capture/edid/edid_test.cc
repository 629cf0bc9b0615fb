#include "capture/edid/edid.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "capture/edid/cvt.h"

namespace oriel::capture::edid {
namespace {

using Block = std::array<uint8_t, kBlockBytes>;

Block Build(int width_px, int height_px) {
  auto block = BuildEdid({.preferred = {width_px, height_px}});
  EXPECT_TRUE(block.ok()) << block.status();
  return block.ok() ? *block : Block{};
}

void FixChecksum(Block& block) {
  block[127] = 0;
  block[127] =
      static_cast<uint8_t>(-std::accumulate(block.begin(), block.end(), 0));
}

// The totals and clocks that VESA's CVT spreadsheet gives at 60 Hz.
TEST(CvtTest, ReducedBlankingAgreesWithTheStandardsTable) {
  const struct {
    int width, height, total, lines;
    uint32_t clock_khz;
  } kKnown[] = {
      {1024, 768, 1184, 790, 56'000},    {1280, 720, 1440, 741, 64'000},
      {1920, 1080, 2080, 1111, 138'500}, {1920, 1200, 2080, 1235, 154'000},
      {2560, 1440, 2720, 1481, 241'500}, {3840, 2160, 4000, 2222, 533'250}};
  for (const auto& known : kKnown) {
    const Timing t = ReducedBlankingTiming({known.width, known.height});
    EXPECT_EQ(t.active + t.blank, known.total) << known.width;
    EXPECT_EQ(t.v_active + t.v_blank, known.lines) << known.width;
    EXPECT_EQ(t.pixel_clock_khz, known.clock_khz) << known.width;
  }
}

TEST(EdidTest, ABuiltBlockIsParsedBackForEverySize) {
  for (int width = 1; width <= kMaxActivePx; width += 17) {
    for (int height : {1, 200, 768, 1081, 2160}) {
      auto block = BuildEdid({.preferred = {width, height}});
      if (!block.ok()) continue;
      auto mode = ParsePreferredMode(*block);
      ASSERT_TRUE(mode.ok()) << width << "x" << height << mode.status();
      EXPECT_EQ(mode->width_px, width);
      EXPECT_EQ(mode->height_px, height);
    }
  }
}

TEST(EdidTest, RefreshSurvivesWithinTheClocksStep) {
  auto mode = ParsePreferredMode(Build(1920, 1080));
  ASSERT_TRUE(mode.ok()) << mode.status();
  EXPECT_NEAR(mode->refresh_mhz, 60'000, 100);
}

TEST(EdidTest, EveryByteOfABlockAddsUpToZero) {
  const Block block = Build(1366, 768);
  EXPECT_EQ(std::accumulate(block.begin(), block.end(), 0) % 256, 0);
}

TEST(EdidTest, TheNameIsCutAtThirteenCharacters) {
  auto block = BuildEdid(
      {.preferred = {800, 600}, .name = "A rather long monitor name"});
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(std::string(block->begin() + 77, block->begin() + 90),
            "A rather long");
}

TEST(EdidTest, ModesThatNoTimingCanSayAreRefused) {
  EXPECT_FALSE(BuildEdid({.preferred = {0, 600}}).ok());
  EXPECT_FALSE(BuildEdid({.preferred = {4096, 600}}).ok());
  EXPECT_FALSE(BuildEdid({.preferred = {4000, 4000, 120'000}}).ok());
  EXPECT_FALSE(BuildEdid({.preferred = {800, 600, 999}}).ok());
}

TEST(EdidTest, AnyFlippedBitIsNoticed) {
  const Block good = Build(1920, 1080);
  for (size_t i = 0; i < good.size(); ++i) {
    Block bad = good;
    bad[i] ^= 0x10;
    EXPECT_FALSE(ParsePreferredMode(bad).ok()) << "byte " << i;
  }
}

TEST(EdidTest, AShortBlockIsRefused) {
  const Block good = Build(1920, 1080);
  EXPECT_FALSE(ParsePreferredMode(std::span(good).first(127)).ok());
  EXPECT_FALSE(ParsePreferredMode({}).ok());
}

TEST(EdidTest, AnotherVersionIsRefusedThoughTheChecksumIsRight) {
  Block block = Build(1920, 1080);
  block[18] = 2;
  FixChecksum(block);
  EXPECT_EQ(ParsePreferredMode(block).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(EdidTest, ABlockWithoutDetailedTimingIsNotFound) {
  Block block = Build(1920, 1080);
  block[54] = block[55] = 0;
  FixChecksum(block);
  EXPECT_EQ(ParsePreferredMode(block).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(EdidTest, AnInterlacedOrEmptyTimingIsRefused) {
  Block interlaced = Build(1920, 1080);
  interlaced[54 + 17] |= 0x80;
  FixChecksum(interlaced);
  EXPECT_FALSE(ParsePreferredMode(interlaced).ok());
  Block empty = Build(1920, 1080);
  empty[54 + 2] = empty[54 + 4] = 0;
  FixChecksum(empty);
  EXPECT_FALSE(ParsePreferredMode(empty).ok());
}

}  // namespace
}  // namespace oriel::capture::edid
