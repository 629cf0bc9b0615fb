#include "capture/edid/edid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace oriel::capture::edid {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
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

TEST(EdidTest, ARefusedModeIsToldItsLimit) {
  const auto wide = BuildEdid({.preferred = {5120, 2880}});
  EXPECT_EQ(wide.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(wide.status().message()),
              AllOf(HasSubstr("5120x2880"), HasSubstr("4095")));
  const auto narrow = BuildEdid({.preferred = {100, 4000, 240'000}});
  EXPECT_THAT(std::string(narrow.status().message()), HasSubstr("510"));
}

TEST(EdidTest, NormalBlankingHasAHigherClockThanReduced) {
  const auto reduced = BuildEdid({.preferred = {1600, 900}});
  const auto normal =
      BuildEdid({.preferred = {1600, 900}, .blanking = Blanking::kNormal});
  ASSERT_TRUE(reduced.ok() && normal.ok());
  const auto clock = [](const Block& block) {
    return block[54] | block[55] << 8;
  };
  EXPECT_EQ(clock(*reduced), 9775);
  EXPECT_EQ(clock(*normal), 11825);
}

TEST(EdidTest, AWholeEdidHasTheBlocksThatItSays) {
  Block base = Build(1920, 1080);
  EXPECT_TRUE(CheckEdid(base).ok());
  base[126] = 1;
  FixChecksum(base);
  EXPECT_FALSE(CheckEdid(base).ok());
  Block extension{0x02, 0x03};
  FixChecksum(extension);
  std::vector<uint8_t> both(base.begin(), base.end());
  both.insert(both.end(), extension.begin(), extension.end());
  EXPECT_TRUE(CheckEdid(both).ok());
  both[200] ^= 1;
  EXPECT_THAT(std::string(CheckEdid(both).message()), HasSubstr("byte 128"));
  both[200] ^= 1;
  both.push_back(0);
  EXPECT_FALSE(CheckEdid(both).ok());
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
