#include "capture/edid/edid_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "capture/edid/cvt.h"
#include "capture/edid/detailed_timing.h"
#include "capture/edid/edid.h"

namespace oriel::capture::edid {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Bytes = std::vector<uint8_t>;

Bytes Build(const Monitor& monitor) {
  const auto block = BuildEdid(monitor);
  EXPECT_TRUE(block.ok()) << block.status();
  return block.ok() ? Bytes(block->begin(), block->end()) : Bytes(kBlockBytes);
}

void FixChecksums(Bytes& edid) {
  for (size_t at = 0; at + kBlockBytes <= edid.size(); at += kBlockBytes) {
    edid[at + 127] = 0;
    const auto first = edid.begin() + static_cast<std::ptrdiff_t>(at);
    edid[at + 127] =
        static_cast<uint8_t>(-std::accumulate(first, first + 128, 0));
  }
}

Timing TimingOf(const Mode& mode) {
  const auto timing = ComputeTiming(mode, Blanking::kReduced);
  EXPECT_TRUE(timing.ok()) << timing.status();
  return timing.ok() ? *timing : Timing{};
}

void PutTiming(Bytes& edid, size_t at, const Timing& timing) {
  PutDetailedTiming(timing, std::span<uint8_t, kDetailedTimingBytes>(
                                edid.data() + at, kDetailedTimingBytes));
}

void PutDescriptor(Bytes& edid, size_t at, uint8_t tag,
                   const std::string& body) {
  std::fill_n(edid.begin() + static_cast<std::ptrdiff_t>(at), 18, 0);
  edid[at + 3] = tag;
  std::copy(body.begin(), body.end(),
            edid.begin() + static_cast<std::ptrdiff_t>(at + 5));
}

// 1920x1080 with a CTA-861 block of `data` and then `timings`.
Bytes WithCta(const Bytes& data, const std::vector<Timing>& timings) {
  Bytes edid = Build({.preferred = {1920, 1080}});
  edid[126] = 1;
  edid.resize(2 * kBlockBytes);
  edid[128] = 0x02;
  edid[129] = 0x03;
  edid[130] = static_cast<uint8_t>(4 + data.size());
  std::copy(data.begin(), data.end(), edid.begin() + 132);
  for (size_t i = 0; i < timings.size(); ++i) {
    PutTiming(edid, 132 + data.size() + i * kDetailedTimingBytes, timings[i]);
  }
  FixChecksums(edid);
  return edid;
}

EdidInfo Parse(const Bytes& edid) {
  const auto info = ParseEdid(edid);
  EXPECT_TRUE(info.ok()) << info.status();
  return info.ok() ? *info : EdidInfo{};
}

TEST(EdidInfoTest, WhatWasBuiltIsUnderstood) {
  const EdidInfo info = Parse(Build({.preferred = {1600, 900, 75'000},
                                     .name = "Desk 3",
                                     .serial_number = 0xDEADBEEF}));
  EXPECT_THAT(info.problems, IsEmpty());
  EXPECT_EQ(info.version, 1);
  EXPECT_EQ(info.revision, 4);
  EXPECT_EQ(info.manufacturer, "ORL");
  EXPECT_EQ(info.product_code, 1);
  EXPECT_EQ(info.serial_number, 0xDEADBEEF);
  EXPECT_EQ(info.year, 2024);
  EXPECT_FALSE(info.week.has_value());
  EXPECT_TRUE(info.is_digital);
  EXPECT_EQ(info.name, "Desk 3");
  EXPECT_EQ(info.width_cm, 42);
  EXPECT_EQ(info.height_cm, 23);
  EXPECT_THAT(info.listed_modes, IsEmpty());
  EXPECT_EQ(info.extension_count, 0);
  ASSERT_TRUE(info.preferred.has_value());
  EXPECT_THAT(info.timings, ElementsAre(*info.preferred));
  ASSERT_TRUE(info.range_limits.has_value());
}

TEST(EdidInfoTest, EveryBuiltTimingComesBackBitForBit) {
  for (const Blanking blanking : {Blanking::kReduced, Blanking::kNormal}) {
    for (int width = 200; width <= kMaxActivePx; width += 61) {
      for (const int height : {150, 768, 1081, 2160, 4095}) {
        const Monitor monitor = {.preferred = {width, height, 30'000},
                                 .blanking = blanking};
        const auto block = BuildEdid(monitor);
        const auto timing = ComputeTiming(monitor.preferred, blanking);
        if (!block.ok()) continue;
        const EdidInfo info = Parse(Bytes(block->begin(), block->end()));
        ASSERT_TRUE(info.preferred.has_value());
        Timing got = *info.preferred;
        got.width_mm = got.height_mm = 0;
        EXPECT_EQ(got, *timing) << width << "x" << height;
        EXPECT_THAT(info.problems, IsEmpty());
      }
    }
  }
}

TEST(EdidInfoTest, TheRangeLimitsHoldThePreferredMode) {
  for (const uint32_t refresh_mhz : {24'000u, 60'000u, 144'000u, 240'000u}) {
    for (const Mode mode :
         {Mode{1920, 1080}, Mode{640, 480}, Mode{800, 1600}}) {
      const EdidInfo info = Parse(
          Build({.preferred = {mode.width_px, mode.height_px, refresh_mhz}}));
      ASSERT_TRUE(info.range_limits.has_value() && info.preferred.has_value());
      const RangeLimits& limits = *info.range_limits;
      const Timing& t = *info.preferred;
      const double line_khz =
          double(t.pixel_clock_khz) / (t.width_px + t.h_blank_px);
      EXPECT_GE(t.mode().refresh_mhz, limits.min_refresh_hz * 1000u);
      EXPECT_LE(t.mode().refresh_mhz, limits.max_refresh_hz * 1000u);
      EXPECT_GE(line_khz, limits.min_line_khz);
      EXPECT_LE(line_khz, limits.max_line_khz);
      EXPECT_LE(t.pixel_clock_khz, limits.max_pixel_clock_mhz * 1000u);
    }
  }
}

TEST(EdidInfoTest, DescriptorsGiveTextsAndMoreModes) {
  Bytes edid = Build({.preferred = {1920, 1080}});
  PutDescriptor(edid, 72, 0xFF, "SN 0815\n     ");
  PutDescriptor(edid, 90, 0xFE, "thirteenchars");
  // 1280x1024 at 60 Hz, 1920x1080 at 75 Hz.
  PutDescriptor(edid, 108, 0xFA,
                "\x81\x80\xD1\xCF\x01\x01\x01\x01\x01\x01\x01\x01\n");
  FixChecksums(edid);
  const EdidInfo info = Parse(edid);
  EXPECT_EQ(info.serial_text, "SN 0815");
  EXPECT_THAT(info.texts, ElementsAre("thirteenchars"));
  EXPECT_EQ(info.name, "");
  EXPECT_THAT(info.listed_modes,
              ElementsAre(Mode{1280, 1024, 60'000}, Mode{1920, 1080, 75'000}));
  EXPECT_THAT(info.problems, IsEmpty());
}

TEST(EdidInfoTest, ATextOfControlCharactersIsMadeHarmless) {
  Bytes edid = Build({.preferred = {1920, 1080}});
  PutDescriptor(edid, 72, 0xFC, "\x1B[31mred\n");
  FixChecksums(edid);
  const EdidInfo info = Parse(edid);
  EXPECT_EQ(info.name, "?[31mred");
  EXPECT_THAT(info.problems, Contains(HasSubstr("byte 72")));
}

TEST(EdidInfoTest, ACtaBlockAddsItsTimingsAndCodes) {
  const std::vector<Timing> timings = {TimingOf({1280, 720}),
                                       TimingOf({3840, 2160, 30'000})};
  // Audio (1 byte), video: 1080p60 native, 720p60, 2160p60 of the codes that
  // cannot be marked.
  const EdidInfo info =
      Parse(WithCta({0x21, 0x09, 0x43, 0x90, 0x04, 0xC1}, timings));
  EXPECT_THAT(info.problems, IsEmpty());
  ASSERT_EQ(info.timings.size(), 3u);
  EXPECT_EQ(info.timings[1], timings[0]);
  EXPECT_EQ(info.timings[2], timings[1]);
  ASSERT_EQ(info.extensions.size(), 1u);
  EXPECT_EQ(info.extensions[0].tag, 2);
  EXPECT_EQ(info.extensions[0].revision, 3);
  EXPECT_THAT(info.extensions[0].video_codes, ElementsAre(16, 4, 193));
}

TEST(EdidInfoTest, ACtaBlocksTimingsEndBeforeItsChecksum) {
  // Room for six; the seventh would take in the checksum.
  const EdidInfo info =
      Parse(WithCta({0x20}, std::vector<Timing>(6, TimingOf({1280, 720}))));
  EXPECT_EQ(info.timings.size(), 7u);
  for (const uint8_t at : {1, 3, 128, 255}) {
    Bytes edid = WithCta({}, {});
    edid[130] = at;
    FixChecksums(edid);
    const EdidInfo outside = Parse(edid);
    EXPECT_EQ(outside.timings.size(), 1u);
    EXPECT_THAT(outside.problems, ElementsAre(HasSubstr("outside"))) << at;
  }
}

TEST(EdidInfoTest, ADataBlockMayNotReachIntoTheTimings) {
  Bytes edid = WithCta({0x42, 0x10, 0x04}, {TimingOf({1280, 720})});
  edid[132] = 0x43;
  FixChecksums(edid);
  const EdidInfo info = Parse(edid);
  EXPECT_THAT(info.problems, ElementsAre(HasSubstr("byte 132")));
  EXPECT_THAT(info.extensions[0].video_codes, IsEmpty());
  EXPECT_EQ(info.timings.size(), 2u);
}

TEST(EdidInfoTest, DamageIsListedAndTheRestUnderstood) {
  Bytes edid = WithCta({}, {TimingOf({1280, 720})});
  edid[0] = 0xAA;
  edid[8] = 0;
  edid[126] = 3;
  edid[54 + 8] = 0xFF;  // a front porch that is longer than the blanking
  const EdidInfo info = Parse(edid);
  EXPECT_EQ(info.timings.size(), 2u);
  EXPECT_EQ(info.name, "Oriel");
  EXPECT_EQ(info.manufacturer[0], '?');
  EXPECT_THAT(info.problems,
              ElementsAre(HasSubstr("header"), HasSubstr("bytes 8 and 9"),
                          HasSubstr("byte 54"), HasSubstr("add up"),
                          HasSubstr("says 3 extension blocks, and 128 bytes")));
}

TEST(EdidInfoTest, ATimingWithoutPixelsIsLeftOut) {
  Bytes edid = Build({.preferred = {1920, 1080}});
  edid[54 + 2] = edid[54 + 4] = 0;
  FixChecksums(edid);
  const EdidInfo info = Parse(edid);
  EXPECT_THAT(info.timings, IsEmpty());
  EXPECT_FALSE(info.preferred.has_value());
  EXPECT_THAT(info.problems, ElementsAre(HasSubstr("0x1080")));
}

TEST(EdidInfoTest, AnInterlacedTimingIsTheWholePictureAtTheRateOfFields) {
  Bytes edid = Build({.preferred = {1920, 1080}});
  // 1080i of CTA-861 (VIC 5) at 60 fields a second.
  PutTiming(edid, 54,
            {.pixel_clock_khz = 74'250,
             .width_px = 1920,
             .h_blank_px = 280,
             .h_front_px = 88,
             .h_sync_px = 44,
             .height_px = 540,
             .v_blank_lines = 22,
             .v_front_lines = 2,
             .v_sync_lines = 5,
             .interlaced = true});
  FixChecksums(edid);
  const EdidInfo info = Parse(edid);
  ASSERT_TRUE(info.preferred.has_value());
  EXPECT_EQ(info.preferred->mode().height_px, 1080);
  EXPECT_NEAR(info.preferred->mode().refresh_mhz, 60'000, 100);
}

TEST(EdidInfoTest, WhatIsNoEdidIsRefused) {
  EXPECT_FALSE(ParseEdid({}).ok());
  EXPECT_FALSE(ParseEdid(Bytes(kBlockBytes)).ok());
  EXPECT_FALSE(ParseEdid(Bytes(kMaxEdidBytes, 0xFF)).ok());
  Bytes edid = Build({.preferred = {1920, 1080}});
  EXPECT_FALSE(ParseEdid(std::span(edid).first(127)).ok());
  edid[18] = 2;
  EXPECT_FALSE(ParseEdid(edid).ok());
}

}  // namespace
}  // namespace oriel::capture::edid
