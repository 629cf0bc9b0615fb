#include "capture/edid/cvt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace oriel::capture::edid {
namespace {

using ::testing::HasSubstr;

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
    const auto t =
        ComputeTiming({known.width, known.height}, Blanking::kReduced);
    ASSERT_TRUE(t.ok()) << t.status();
    EXPECT_EQ(t->width_px + t->h_blank_px, known.total) << known.width;
    EXPECT_EQ(t->height_px + t->v_blank_lines, known.lines) << known.width;
    EXPECT_EQ(t->pixel_clock_khz, known.clock_khz) << known.width;
  }
}

// VESA DMT 1.13 has CVT timings of its own accord; these are its 0x17, 0x1D,
// 0x30, 0x45.
TEST(CvtTest, NormalBlankingAgreesWithTheMonitorTimingStandard) {
  const Timing kKnown[] = {{79'500, 1280, 384, 64, 128, 768, 30, 3, 7, 0, 0,
                            false, false, false, true},
                           {106'500, 1440, 464, 80, 152, 900, 34, 3, 6, 0, 0,
                            false, false, false, true},
                           {193'250, 1920, 672, 136, 200, 1200, 45, 3, 6, 0, 0,
                            false, false, false, true}};
  for (const Timing& known : kKnown) {
    const auto t =
        ComputeTiming({known.width_px, known.height_px}, Blanking::kNormal);
    ASSERT_TRUE(t.ok()) << t.status();
    EXPECT_EQ(*t, known) << known.width_px << "x" << known.height_px;
  }
}

// The clock's step of 250 kHz is the only thing that may come between the two.
TEST(CvtTest, ReducedBlankingMissesTheRateByNoMoreThanTheClocksStep) {
  for (int width = 320; width <= 2600; width += 57) {
    for (const uint32_t refresh_mhz : {23'976u, 60'000u, 75'000u}) {
      const Mode asked = {width, width * 5 / 8, refresh_mhz};
      const auto t = ComputeTiming(asked, Blanking::kReduced);
      ASSERT_TRUE(t.ok()) << t.status();
      const Mode got = t->mode();
      const double total = double(t->width_px + t->h_blank_px) *
                           (t->height_px + t->v_blank_lines);
      EXPECT_EQ(got.width_px, asked.width_px);
      EXPECT_EQ(got.height_px, asked.height_px);
      EXPECT_LE(got.refresh_mhz, refresh_mhz);
      EXPECT_GE(got.refresh_mhz + 1, refresh_mhz - 250e6 / total);
    }
  }
}

TEST(CvtTest, ATimingThatDoesNotFitSaysWhichLimit) {
  const auto message = [](const Mode& mode, Blanking blanking) {
    const auto timing = ComputeTiming(mode, blanking);
    EXPECT_EQ(timing.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(timing.status().message());
  };
  EXPECT_THAT(message({65'536, 2160}, Blanking::kReduced), HasSubstr("65535"));
  EXPECT_THAT(message({1920, 0}, Blanking::kReduced), HasSubstr("1920x0"));
  EXPECT_THAT(message({1920, -1}, Blanking::kNormal), HasSubstr("1920x-1"));
  EXPECT_THAT(message({1920, 1080, 0}, Blanking::kNormal),
              HasSubstr("1000 Hz"));
  EXPECT_THAT(message({1920, 1080, 1'000'001}, Blanking::kNormal),
              HasSubstr("1000 Hz"));
  EXPECT_THAT(message({60'000, 60'000}, Blanking::kReduced),
              HasSubstr("167772160 kHz"));
  EXPECT_THAT(message({64, 480}, Blanking::kNormal), HasSubstr("narrow"));
  EXPECT_THAT(message({3765, 136, 1000}, Blanking::kReduced),
              HasSubstr("higher rate"));
}

// What a formula is asked for by bytes that anybody wrote.
TEST(CvtTest, ARateThatLeavesNoTimeForAPictureHasNoTiming) {
  for (const Blanking blanking : {Blanking::kNormal, Blanking::kReduced,
                                  Blanking::kReducedV2, Blanking::kReducedV3}) {
    EXPECT_FALSE(CvtTiming({.width_px = 640,
                            .height_px = 480,
                            .refresh_hz = 2500,
                            .blanking = blanking}));
    EXPECT_FALSE(CvtTiming({.width_px = 65'536,
                            .height_px = 65'536,
                            .refresh_hz = 1024,
                            .blanking = blanking}));
  }
  EXPECT_FALSE(CvtTiming({.width_px = 0, .height_px = 480}));
}

}  // namespace
}  // namespace oriel::capture::edid
