#include "capture/edid/edid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "capture/edid/edid_info.h"

namespace oriel::capture::edid {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Block = std::array<uint8_t, kBlockBytes>;

Block Build(int width_px, int height_px) {
  const auto edid = BuildEdid({.preferred = {width_px, height_px}});
  EXPECT_TRUE(edid.ok() && edid->size() == kBlockBytes) << edid.status();
  Block block{};
  if (edid.ok()) std::copy_n(edid->begin(), kBlockBytes, block.begin());
  return block;
}

Mode PreferredMode(std::span<const uint8_t> edid) {
  const auto info = ParseEdid(edid);
  EXPECT_TRUE(info.ok() && info->preferred) << info.status();
  return info.ok() && info->preferred ? info->preferred->mode() : Mode{};
}

void FixChecksum(Block& block) {
  block[127] = 0;
  block[127] =
      static_cast<uint8_t>(-std::accumulate(block.begin(), block.end(), 0));
}

TEST(EdidTest, ABuiltEdidIsParsedBackForEverySize) {
  for (int width = 1; width <= kMaxSidePx; width = width * 9 / 8 + 1) {
    for (int height : {100, 200, 768, 1081, 2160, 4319}) {
      const auto edid = BuildEdid({.preferred = {width, height}});
      ASSERT_TRUE(edid.ok()) << width << "x" << height << edid.status();
      const Mode mode = PreferredMode(*edid);
      EXPECT_EQ(mode.width_px, width);
      EXPECT_EQ(mode.height_px, height);
      EXPECT_TRUE(CheckEdid(*edid).ok());
    }
  }
}

// At every rate that can be asked for: what is built is understood, or refused.
TEST(EdidTest, WhatIsBuiltAtAnyRateIsOneOfTheModesReadBack) {
  for (const uint32_t refresh_mhz : {1000, 2000, 24'000, 500'000, 1'000'000}) {
    for (int width = 50; width <= kMaxSidePx; width = width * 3 / 2) {
      for (int height = 50; height <= kMaxSidePx; height = height * 3 / 2) {
        const auto edid =
            BuildEdid({.preferred = {width, height, refresh_mhz}});
        if (!edid.ok()) continue;
        EXPECT_EQ(PreferredMode(*edid).width_px, width);
        EXPECT_EQ(PreferredMode(*edid).height_px, height);
        EXPECT_THAT(ParseEdid(*edid)->problems, testing::IsEmpty())
            << width << "x" << height << " at " << refresh_mhz;
      }
    }
  }
}

TEST(EdidTest, RefreshSurvivesWithinTheClocksStep) {
  EXPECT_NEAR(PreferredMode(Build(1920, 1080)).refresh_mhz, 60'000, 100);
}

// What a detailed timing cannot say stands in a DisplayID block; who knows none
// gets the same picture, smaller.
TEST(EdidTest, LargeModesGetADisplayIdBlockAndASmallerFallback) {
  const struct {
    Mode asked, fallback;
  } kCases[] = {{{5120, 1440}, {2560, 720}},
                {{4096, 2160}, {2048, 1080}},
                {{3840, 2160, 120'000}, {1920, 1080, 120'000}},
                {{7680, 4320}, {3840, 2160}},
                {{16'384, 1000}, {2048, 125}}};
  for (const auto& each : kCases) {
    const auto edid = BuildEdid({.preferred = each.asked});
    ASSERT_TRUE(edid.ok()) << edid.status();
    ASSERT_EQ(edid->size(), 2 * kBlockBytes);
    EXPECT_TRUE(CheckEdid(*edid).ok());
    const auto info = ParseEdid(*edid);
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_THAT(info->problems, testing::IsEmpty());
    ASSERT_EQ(info->timings.size(), 2u);
    const Mode first = info->timings[0].mode();
    EXPECT_EQ(first.width_px, each.fallback.width_px);
    EXPECT_EQ(first.height_px, each.fallback.height_px);
    const Mode mode = PreferredMode(*edid);
    EXPECT_EQ(mode.width_px, each.asked.width_px);
    EXPECT_EQ(mode.height_px, each.asked.height_px);
    EXPECT_NEAR(mode.refresh_mhz, each.asked.refresh_mhz, 150);
  }
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
  EXPECT_FALSE(BuildEdid({.preferred = {65'536, 600}}).ok());
  EXPECT_FALSE(BuildEdid({.preferred = {65'535, 65'535, 120'000}}).ok());
  EXPECT_FALSE(BuildEdid({.preferred = {800, 600, 999}}).ok());
}

TEST(EdidTest, ARefusedModeIsToldItsLimit) {
  const auto wide = BuildEdid({.preferred = {70'000, 2880}});
  EXPECT_EQ(wide.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(wide.status().message()),
              AllOf(HasSubstr("70000x2880"), HasSubstr("65535")));
}

// Range limits end at 510 kHz of lines; a monitor may leave them out.
TEST(EdidTest, MoreLinesThanRangeLimitsCanSayLeaveThemOut) {
  const auto edid = BuildEdid({.preferred = {100, 4000, 240'000}});
  ASSERT_TRUE(edid.ok()) << edid.status();
  EXPECT_FALSE(ParseEdid(*edid)->range_limits.has_value());
}

TEST(EdidTest, NormalBlankingHasAHigherClockThanReduced) {
  const auto reduced = BuildEdid({.preferred = {1600, 900}});
  const auto normal =
      BuildEdid({.preferred = {1600, 900}, .blanking = Blanking::kNormal});
  ASSERT_TRUE(reduced.ok() && normal.ok());
  const auto clock = [](const std::vector<uint8_t>& block) {
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
    EXPECT_FALSE(CheckBaseBlock(bad).ok()) << "byte " << i;
  }
}

TEST(EdidTest, AShortBlockIsRefused) {
  const Block good = Build(1920, 1080);
  EXPECT_FALSE(CheckBaseBlock(std::span(good).first(127)).ok());
  EXPECT_FALSE(CheckBaseBlock({}).ok());
}

TEST(EdidTest, AnotherVersionIsRefusedThoughTheChecksumIsRight) {
  Block block = Build(1920, 1080);
  block[18] = 2;
  FixChecksum(block);
  EXPECT_EQ(CheckBaseBlock(block).code(), absl::StatusCode::kInvalidArgument);
}

// A base block whose first extension says `count`, and as many more blocks.
std::vector<uint8_t> WithOverride(uint8_t count, size_t blocks,
                                  uint8_t length = 2) {
  const Block base = Build(1920, 1080);
  std::vector<uint8_t> edid(base.begin(), base.end());
  edid.resize(blocks * kBlockBytes);
  edid[126] = 1;
  const uint8_t cta[] = {
      0x02, 0x03, 0x07, 0x00, static_cast<uint8_t>(0xE0 | length), 0x78, count};
  std::copy(std::begin(cta), std::end(cta), edid.begin() + kBlockBytes);
  for (size_t at = 0; at < edid.size(); at += kBlockBytes) {
    if (at > kBlockBytes) edid[at] = 0x02;
    const auto first = edid.begin() + static_cast<std::ptrdiff_t>(at);
    edid[at + 127] = 0;
    edid[at + 127] =
        static_cast<uint8_t>(-std::accumulate(first, first + 128, 0));
  }
  return edid;
}

TEST(EdidTest, HdmisOverrideCountsMoreBlocksThanByte126) {
  EXPECT_TRUE(CheckEdid(WithOverride(3, 4)).ok());
  EXPECT_THAT(std::string(CheckEdid(WithOverride(3, 2)).message()),
              AllOf(HasSubstr("byte 134"), HasSubstr("says 3")));
  EXPECT_FALSE(CheckEdid(WithOverride(3, 5)).ok());
  // Each block is checked, not only those that byte 126 counts.
  std::vector<uint8_t> damaged = WithOverride(3, 4);
  damaged[400] ^= 1;
  EXPECT_THAT(std::string(CheckEdid(damaged).message()), HasSubstr("byte 384"));
}

TEST(EdidTest, AnOverrideThatIsNoneDoesNotCount) {
  EXPECT_TRUE(CheckEdid(WithOverride(0, 2)).ok());
  EXPECT_TRUE(CheckEdid(WithOverride(1, 2)).ok());
  EXPECT_TRUE(CheckEdid(WithOverride(3, 2, 1)).ok());  // cut off
  std::vector<uint8_t> fewer = WithOverride(1, 3);
  fewer[126] = 2;
  fewer[127] -= 1;
  EXPECT_TRUE(CheckEdid(fewer).ok());
  EXPECT_THAT(ParseEdid(fewer)->problems,
              testing::ElementsAre(HasSubstr("fewer than byte 126")));
  // One in another block than the first is none.
  std::vector<uint8_t> elsewhere = WithOverride(3, 4);
  elsewhere[128] = 0xF0;
  elsewhere[255] += 0x02 - 0xF0;
  EXPECT_FALSE(CheckEdid(elsewhere).ok());
}

}  // namespace
}  // namespace oriel::capture::edid
