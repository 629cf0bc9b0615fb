#include "capture/edid/edid_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "capture/edid/cvt.h"
#include "capture/edid/detailed_timing.h"
#include "capture/edid/edid.h"
#include "capture/edid/generated_edid.h"

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
  return block.ok() ? *block : Bytes(kBlockBytes);
}

Bytes Corpus(const std::string& name) {
  std::ifstream file("capture/edid/corpus/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return Bytes(std::istreambuf_iterator<char>(file), {});
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
  EXPECT_THAT(info.bare_modes, IsEmpty());
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
        const EdidInfo info = Parse(*block);
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
  ASSERT_EQ(info.timings.size(), 3u);
  EXPECT_EQ(info.timings[1].mode(), (Mode{1280, 1024, 60'020}));
  EXPECT_EQ(info.timings[2].mode(), (Mode{1920, 1080, 75'000}));
  EXPECT_THAT(info.problems, IsEmpty());
}

// What fills a descriptor goes on in the next of its kind, also over others.
TEST(EdidInfoTest, ANameInSeveralDescriptorsIsJoined) {
  Bytes edid = Build({.preferred = {1920, 1080}});
  PutDescriptor(edid, 72, 0xFC, "A rather long");
  PutDescriptor(edid, 90, 0xFF, "SN 0815\n     ");
  PutDescriptor(edid, 108, 0xFC, " name  \n     ");
  FixChecksums(edid);
  EXPECT_EQ(Parse(edid).name, "A rather long name");
}

TEST(EdidInfoTest, ATextThatAZeroEndsIsToldAndRead) {
  Bytes edid = Build({.preferred = {1920, 1080}});
  PutDescriptor(edid, 72, 0xFC, std::string("Panel\0\0garbage", 13));
  FixChecksums(edid);
  const EdidInfo info = Parse(edid);
  EXPECT_EQ(info.name, "Panel");
  EXPECT_THAT(info.problems, ElementsAre(HasSubstr("byte 77")));
}

TEST(EdidInfoTest, ATextOfControlCharactersIsMadeHarmless) {
  Bytes edid = Build({.preferred = {1920, 1080}});
  PutDescriptor(edid, 72, 0xFC, "\x1B[31mred\n");
  FixChecksums(edid);
  const EdidInfo info = Parse(edid);
  EXPECT_EQ(info.name, "?[31mred");
  EXPECT_THAT(info.problems, Contains(HasSubstr("byte 77")));
}

TEST(EdidInfoTest, ACtaBlockAddsItsTimingsAndCodes) {
  const std::vector<Timing> timings = {TimingOf({1280, 720}),
                                       TimingOf({3840, 2160, 30'000})};
  // Audio (1 byte), video: 1080p60 native, 720p60, 2160p60 of the codes that
  // cannot be marked.
  const EdidInfo info =
      Parse(WithCta({0x21, 0x09, 0x43, 0x90, 0x04, 0xC1}, timings));
  EXPECT_THAT(info.problems, IsEmpty());
  ASSERT_EQ(info.timings.size(), 6u);
  EXPECT_EQ(info.timings[1].mode(), (Mode{1920, 1080, 60'000}));
  EXPECT_EQ(info.timings[2].mode(), (Mode{1280, 720, 60'000}));
  EXPECT_EQ(info.timings[3].mode(), (Mode{5120, 2160, 120'000}));
  EXPECT_EQ(info.timings[4], timings[0]);
  EXPECT_EQ(info.timings[5], timings[1]);
}

// edid-decode does not decode them, so the rates are the standard's: 1920x1080
// with 24 and 48 Hz and multiples of 25 alone; a short one with 30 and 60.
TEST(EdidInfoTest, VideoFormatsNameASizeAndItsRates) {
  const EdidInfo info =
      Parse(WithCta({0xC7, 0x02, 0xC4, 0x31, 0x01, 0x08, 0xC0, 0x00}, {}));
  std::vector<Mode> modes;
  for (size_t i = 1; i < info.timings.size(); ++i) {
    modes.push_back(info.timings[i].mode());
  }
  EXPECT_THAT(
      modes, ElementsAre(Mode{1920, 1080, 24'000}, Mode{1920, 1080, 48'000},
                         Mode{1920, 1080, 25'000}, Mode{1920, 1080, 300'000},
                         Mode{1920, 1080, 400'000}, Mode{2560, 1440, 144'000}));
  const EdidInfo brief = Parse(WithCta({0xC2, 0x00, 0x01}, {}));
  ASSERT_EQ(brief.timings.size(), 3u);
  EXPECT_EQ(brief.timings[1].mode(), (Mode{1280, 720, 30'000}));
  EXPECT_EQ(brief.timings[2].mode(), (Mode{1280, 720, 60'000}));
}

TEST(EdidInfoTest, WhatIsNotDecodedIsNamed) {
  // Extended tags 3 (VESA's timing block) and 0x0B, and a vendor's.
  Bytes edid =
      WithCta({0xE2, 0x03, 0x00, 0xE1, 0x0B, 0x63, 0x56, 0x34, 0x12}, {});
  EXPECT_THAT(
      Parse(edid).undecoded,
      ElementsAre("CTA-861 data block with extended tag 0x03 at byte 132",
                  "CTA-861 data block with extended tag 0x0b at byte 135",
                  "CTA-861 data block of the vendor 12-34-56 at byte "
                  "137"));
  edid[128] = 0x50;  // localized strings
  FixChecksums(edid);
  EXPECT_THAT(Parse(edid).undecoded,
              ElementsAre("extension block with tag 0x50 at byte 128"));
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
  EXPECT_EQ(info.timings.size(), 2u);
}

// A real monitor's: byte 2 says that timings begin three bytes before the data
// blocks end, and what stands there would be 259x1280 at 0.72 Hz.
TEST(EdidInfoTest, TimingsAreFoundBehindDataBlocksThatWereCountedShort) {
  const EdidInfo info = Parse(Corpus("cta_861_data_blocks_counted_short"));
  for (const Timing& timing : info.timings) {
    EXPECT_GT(timing.mode().refresh_mhz, 20'000u);
    EXPECT_GE(timing.mode().width_px, 640);
  }
  std::vector<Mode> last;
  for (size_t i = info.timings.size() - 4; i < info.timings.size(); ++i) {
    last.push_back(info.timings[i].mode());
  }
  EXPECT_THAT(
      last, ElementsAre(Mode{1280, 720, 50'000}, Mode{1920, 1080, 50'000, true},
                        Mode{720, 480, 59'940}, Mode{720, 576, 50'000}));
  EXPECT_THAT(info.problems,
              ElementsAre(HasSubstr("byte 163 reaches beyond"),
                          HasSubstr("begin at 49, behind its data blocks")));
}

// Counted wrong by any number of bytes, nothing that cannot be a mode is one.
TEST(EdidInfoTest, NoOffsetOfTheTimingsMakesAModeOfOtherBytes) {
  Bytes edid = Corpus("cta_861_data_blocks_counted_short");
  for (int offset = 4; offset <= 127; ++offset) {
    edid[130] = static_cast<uint8_t>(offset);
    FixChecksums(edid);
    for (const Timing& timing : Parse(edid).timings) {
      EXPECT_GE(timing.refresh_hz(), 1) << offset;
      EXPECT_LE(timing.refresh_hz(), 2000) << offset;
    }
  }
}

TEST(EdidInfoTest, AClockThatHardlyAnyMonitorHasNeedsWholeSyncs) {
  Timing slow = {.pixel_clock_khz = 5000,
                 .width_px = 320,
                 .h_blank_px = 80,
                 .h_front_px = 8,
                 .h_sync_px = 32,
                 .height_px = 200,
                 .v_blank_lines = 20,
                 .v_front_lines = 3,
                 .v_sync_lines = 4};
  Bytes edid = Build({.preferred = {1920, 1080}});
  PutTiming(edid, 54, slow);
  FixChecksums(edid);
  EXPECT_EQ(Parse(edid).timings.size(), 1u);
  slow.v_sync_lines = 0;
  PutTiming(edid, 54, slow);
  FixChecksums(edid);
  EXPECT_THAT(Parse(edid).timings, IsEmpty());
}

TEST(EdidInfoTest, FourBlocksOfHdmisOverrideAreRead) {
  const EdidInfo info = Parse(Corpus("hdmi_override_of_four_blocks"));
  EXPECT_THAT(info.problems, IsEmpty());
  EXPECT_EQ(info.extension_count, 3);
  EXPECT_EQ(info.name, "Odyssey G8");
  ASSERT_TRUE(info.preferred.has_value());
  EXPECT_EQ(info.preferred->mode(), (Mode{3840, 2160, 120'000}));
  const Bytes cut = Corpus("hdmi_override_of_four_blocks");
  EXPECT_THAT(Parse({cut.begin(), cut.begin() + 256}).problems,
              ElementsAre(HasSubstr("(byte 134) says 3 extension blocks, and "
                                    "128 bytes")));
}

TEST(EdidInfoTest, AVtbBlockThatCountsMoreThanFitsIsReadAsFarAsItGoes) {
  Bytes edid = GenerateEdid(BlockKind::kVtb, 1);
  edid[130] = 200;
  FixChecksums(edid);
  const EdidInfo info = Parse(edid);
  EXPECT_THAT(info.problems, Contains(HasSubstr("200 entries are at byte 133, "
                                                "and 6 fit")));
}

TEST(EdidInfoTest, ADisplayIdDataBlockMayNotReachBeyondItsSection) {
  Bytes edid = GenerateEdid(BlockKind::kTypeOne, 1);
  edid[135] = 200;
  FixChecksums(edid);
  const EdidInfo info = Parse(edid);
  EXPECT_EQ(info.timings.size(), 1u);
  EXPECT_THAT(info.problems,
              ElementsAre(HasSubstr("checksum of the DisplayID section"),
                          HasSubstr("byte 133 reaches beyond its section")));
}

// No bytes of any block kind, cut or changed anywhere, make a mode that cannot
// be one.
TEST(EdidInfoTest, EveryBlockKindBearsEveryByteBeingAnother) {
  for (int kind = 0; kind < kBlockKinds; ++kind) {
    const Bytes good = GenerateEdid(static_cast<BlockKind>(kind), 7);
    for (size_t i = 8; i < good.size(); ++i) {
      for (const uint8_t with : {0x00, 0xFF, 0x80}) {
        if (i == 18) continue;
        Bytes bad = good;
        bad[i] = with;
        FixChecksums(bad);
        for (const Timing& timing : Parse(bad).timings) {
          ASSERT_TRUE(CanBeShown(timing)) << kind << " byte " << i;
        }
      }
    }
  }
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
  EXPECT_THAT(info.problems,
              ElementsAre(HasSubstr("0x1080"), HasSubstr("none is preferred")));
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
             .interlaced = true,
             .half_line = true});
  FixChecksums(edid);
  const EdidInfo info = Parse(edid);
  ASSERT_TRUE(info.preferred.has_value());
  EXPECT_EQ(info.preferred->mode(), (Mode{1920, 1080, 60'000, true}));
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
