// What we read in EDIDs, against Debian's edid-decode: the tables, the formulas
// and generated EDIDs of every block kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "capture/edid/cta_timings.h"
#include "capture/edid/cvt.h"
#include "capture/edid/debian_tools.h"
#include "capture/edid/dmt_timings.h"
#include "capture/edid/edid.h"
#include "capture/edid/edid_info.h"
#include "capture/edid/generated_edid.h"
#include "capture/edid/gtf.h"
#include "capture/edid/ovt.h"

namespace oriel::capture::edid {
namespace {

using Bytes = std::vector<uint8_t>;

// Of all comparisons: how many timings both tell, and one only.
struct Agreement {
  int both = 0, edid_decode_alone = 0, we_alone = 0;

  void Add(const ToldTimings& theirs, const ToldTimings& ours,
           const std::string& of) {
    ToldTimings missing, more;
    std::set_difference(theirs.begin(), theirs.end(), ours.begin(), ours.end(),
                        std::inserter(missing, missing.end()), ByValue());
    std::set_difference(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                        std::inserter(more, more.end()), ByValue());
    for (const ToldTiming& timing : missing) {
      ADD_FAILURE() << of << ": edid-decode alone tells " << TextOf(timing);
    }
    for (const ToldTiming& timing : more) {
      ADD_FAILURE() << of << ": edid-decode does not tell " << TextOf(timing);
    }
    both += static_cast<int>(theirs.size() - missing.size());
    edid_decode_alone += static_cast<int>(missing.size());
    we_alone += static_cast<int>(more.size());
  }

  void Print(const std::string& what) const {
    const std::string text = absl::StrFormat(
        "%s: %d timings agree with edid-decode, %d only it tells, %d only we",
        what, both, edid_decode_alone, we_alone);
    std::printf("%s\n", text.c_str());
    testing::Test::RecordProperty("agreement", text);
  }
};

ToldTimings TimingsOf(const EdidInfo& info) {
  ToldTimings timings;
  for (const Timing& timing : info.timings) timings.insert(Told(timing));
  for (const Mode& mode : info.bare_modes) {
    timings.insert({mode.width_px, mode.height_px, mode.interlaced, 0,
                    mode.refresh_mhz / 1000.0});
  }
  return timings;
}

TEST(EdidDecodeTest, TheTablesAreThoseOfTheTool) {
  Agreement agreement;
  ToldTimings dmt, cta, hdmi;
  for (int id = 1; const auto timing = DmtTiming(id); ++id) {
    dmt.insert(Told(*timing));
  }
  for (int code = 1; code <= 255; ++code) {
    if (const auto timing = CtaTiming(code)) cta.insert(Told(*timing));
    if (const auto timing = HdmiTiming(code)) hdmi.insert(Told(*timing));
  }
  agreement.Add(TimingsIn(OutputOf("edid-decode --list-dmts")), dmt, "DMT");
  agreement.Add(TimingsIn(OutputOf("edid-decode --list-vics")), cta, "VIC");
  agreement.Add(TimingsIn(OutputOf("edid-decode --list-hdmi-vics")), hdmi,
                "HDMI VIC");
  agreement.Print("tables");
  EXPECT_GT(agreement.both, 170);
}

// Number by number, with the porches and syncs.
TEST(EdidDecodeTest, EachNumberIsTheToolsTiming) {
  const auto compare = [](const std::string& option, int number,
                          const Timing& timing) {
    const std::string text =
        OutputOf(absl::StrFormat("edid-decode %s %d", option, number));
    ToldTimings told = TimingsIn(text);
    ASSERT_EQ(told.size(), 1u) << text;
    EXPECT_EQ(TextOf(*told.begin()), TextOf(Told(timing))) << option << number;
    int h_front = 0, h_sync = 0, v_front = 0, v_sync = 0;
    char h_sign = 0, v_sign = 0;
    ASSERT_EQ(
        sscanf(text.c_str() + text.find("Hfront"),
               "Hfront %d Hsync %d Hback %*d Hpol %c%*[^V]Vfront %d Vsync "
               "%d Vback %*d Vpol %c",
               &h_front, &h_sync, &h_sign, &v_front, &v_sync, &v_sign),
        6)
        << text;
    // The tool tells borders apart from the porches.
    const int border = text.find("Hborder 8") == std::string::npos ? 0 : 8;
    EXPECT_EQ(h_front + border, timing.h_front_px) << text;
    EXPECT_EQ(h_sync, timing.h_sync_px) << text;
    EXPECT_EQ(v_front + border, timing.v_front_lines) << text;
    EXPECT_EQ(v_sync, timing.v_sync_lines) << text;
    EXPECT_EQ(h_sign == 'P', timing.h_sync_positive) << text;
    EXPECT_EQ(v_sign == 'P', timing.v_sync_positive) << text;
  };
  for (int id = 1; const auto timing = DmtTiming(id); ++id) {
    compare("--dmt", id, *timing);
  }
  for (int code = 1; code <= 255; ++code) {
    if (const auto timing = CtaTiming(code)) compare("--vic", code, *timing);
  }
}

// Every standard timing there is a name for, and the formulas of the others.
TEST(EdidDecodeTest, StandardTimingsAreThoseOfTheTool) {
  constexpr size_t kFirst = 38, kLast = 54;
  Agreement agreement;
  Bytes edid = GenerateEdid(BlockKind::kStandardByCvt, 1);
  size_t at = kFirst;
  const auto compare = [&] {
    FixChecksums(edid);
    const auto info = ParseEdid(edid);
    ASSERT_TRUE(info.ok()) << info.status();
    agreement.Add(TimingsIn(EdidDecode(edid, "")), TimingsOf(*info),
                  "standard timings");
    std::fill_n(edid.begin() + kFirst, kLast - kFirst, 0x01);
    at = kFirst;
  };
  // Narrower than 288 pixels GTF's blanking is less than none, which the tool
  // tells all the same.
  for (int first = 5; first <= 255; ++first) {
    for (const int second : {0x00, 0x40, 0x8F, 0xC0}) {
      edid[at++] = static_cast<uint8_t>(first);
      edid[at++] =
          static_cast<uint8_t>(second + (first % 3 == 0 ? first % 64 : 0) % 48);
      if (at == kLast) compare();
    }
  }
  compare();
  agreement.Print("standard timings");
}

TEST(EdidDecodeTest, EveryOptimizedTimingIsTheTools) {
  Agreement agreement;
  for (int id = 1; const auto size = CtaResolution(id); ++id) {
    const std::string text =
        OutputOf(absl::StrFormat("edid-decode --list-rid-timings %d", id));
    ToldTimings ours;
    for (const uint32_t hz : {24, 25, 30, 48, 50, 60, 100, 120, 144, 200, 240,
                              300, 360, 400, 480}) {
      // A rate that is one of CTA-861's codes is told as such.
      if (text.find(absl::StrFormat(" %d.000 Hz", hz)) != std::string::npos) {
        continue;
      }
      ours.insert(Told(OvtTiming(size->width_px, size->height_px, hz)));
    }
    std::string computed;
    for (const std::string& line : ValuesIn(text, "RID")) {
      if (line.find("maps to") == std::string::npos) computed += line + "\n";
    }
    agreement.Add(TimingsIn(computed), ours, absl::StrFormat("RID %d", id));
  }
  agreement.Print("optimized timings");
  EXPECT_GT(agreement.both, 250);
}

// All that an EDID can ask CVT for.
TEST(EdidDecodeTest, EveryKindOfCvtIsTheTools) {
  struct Kind {
    const char* options;
    CvtFormat format;
  };
  const Kind kKinds[] = {
      {"rb=0", {}},
      {"interlaced", {.interlaced = true}},
      {"rb=1", {.blanking = Blanking::kReduced}},
      {"rb=1,interlaced", {.blanking = Blanking::kReduced, .interlaced = true}},
      {"rb=2", {.blanking = Blanking::kReducedV2}},
      {"rb=2,alt", {.blanking = Blanking::kReducedV2, .video_optimized = true}},
      {"rb=3", {.blanking = Blanking::kReducedV3}},
      {"rb=3,alt", {.blanking = Blanking::kReducedV3, .h_blank_px = 160}},
      {"rb=3,hblank=120,vblank=565",
       {.blanking = Blanking::kReducedV3,
        .h_blank_px = 120,
        .min_v_blank_us = 565}},
      {"rb=3,early-vsync",
       {.blanking = Blanking::kReducedV3, .early_sync = true}}};
  constexpr Mode kModes[] = {{1920, 1080, 60'000},  {1366, 768, 50'000},
                             {1280, 1024, 75'000},  {800, 600, 120'000},
                             {5120, 1440, 144'000}, {7680, 4320, 24'000}};
  Agreement agreement;
  for (const Kind& kind : kKinds) {
    for (const Mode& mode : kModes) {
      CvtFormat format = kind.format;
      format.width_px = mode.width_px;
      format.height_px = mode.height_px;
      format.refresh_hz = mode.refresh_mhz / 1000.0;
      const auto ours = CvtTiming(format);
      ASSERT_TRUE(ours.has_value()) << kind.options;
      agreement.Add(
          TimingsIn(OutputOf(absl::StrFormat(
              "edid-decode --cvt w=%d,h=%d,fps=%d,%s", mode.width_px,
              mode.height_px, mode.refresh_mhz / 1000, kind.options))),
          {Told(*ours)}, kind.options);
    }
  }
  agreement.Print("CVT");
}

TEST(EdidDecodeTest, EveryBlockKindIsReadAsTheToolReadsIt) {
  constexpr uint32_t kSeeds = 12;
  Agreement all;
  // With these the tool is no judge: it ends with an error at every video
  // format data block.
  const int formats = static_cast<int>(BlockKind::kCtaFormats);
  for (int kind = 0; kind < kBlockKinds; ++kind) {
    if (kind == formats) continue;
    Agreement agreement;
    for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
      const Bytes edid = GenerateEdid(static_cast<BlockKind>(kind), seed);
      const auto info = ParseEdid(edid);
      ASSERT_TRUE(info.ok()) << info.status();
      EXPECT_THAT(info->problems, testing::IsEmpty());
      EXPECT_THAT(info->undecoded, testing::IsEmpty());
      agreement.Add(TimingsIn(EdidDecode(edid, "")), TimingsOf(*info),
                    absl::StrFormat("block kind %d, seed %d", kind, seed));
    }
    all.both += agreement.both;
    all.edid_decode_alone += agreement.edid_decode_alone;
    all.we_alone += agreement.we_alone;
    EXPECT_GE(agreement.both, static_cast<int>(kSeeds)) << "kind " << kind;
    std::printf("block kind %d: %d agree\n", kind, agreement.both);
  }
  all.Print("generated EDIDs");
}

TEST(EdidDecodeTest, MakerNamesAndSizesAreThoseOfTheTool) {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    const Bytes edid = GenerateEdid(BlockKind::kNames, seed);
    const std::string text = EdidDecode(edid, "");
    const auto info = ParseEdid(edid);
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_EQ(ValuesIn(text, "Manufacturer: "),
              std::vector<std::string>{info->manufacturer});
    EXPECT_EQ(ValuesIn(text, "Maximum image size: "),
              std::vector<std::string>{absl::StrFormat(
                  "%d cm x %d cm", info->width_cm, info->height_cm)});
    // The tool tells each descriptor alone.
    std::string name, serial;
    for (const std::string& part : ValuesIn(text, "Display Product Name: ")) {
      name += part.substr(1, part.size() - 2);
    }
    for (const std::string& part : ValuesIn(text, "Product Serial Number: ")) {
      serial += part.substr(1, part.size() - 2);
    }
    EXPECT_EQ(info->name, name) << text;
    EXPECT_EQ(info->serial_text, serial) << text;
  }
  for (const BlockKind kind :
       {BlockKind::kParameters, BlockKind::kParametersTwo}) {
    for (uint32_t seed = 1; seed <= 10; ++seed) {
      const Bytes edid = GenerateEdid(kind, seed);
      const auto info = ParseEdid(edid);
      ASSERT_TRUE(info.ok() && info->exact_size.has_value());
      const std::vector<std::string> sizes =
          ValuesIn(EdidDecode(edid, ""), "    Image size: ");
      ASSERT_EQ(sizes.size(), 1u);
      double width_mm = 0, height_mm = 0;
      ASSERT_EQ(
          sscanf(sizes[0].c_str(), "%lf mm x %lf mm", &width_mm, &height_mm),
          2);
      EXPECT_NEAR(info->exact_size->width_tenth_mm, width_mm * 10, 0.01);
      EXPECT_NEAR(info->exact_size->height_tenth_mm, height_mm * 10, 0.01);
    }
  }
}

}  // namespace
}  // namespace oriel::capture::edid
