// What we compute and build, against Debian's edid-decode and cvt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "capture/edid/cvt.h"
#include "capture/edid/debian_tools.h"
#include "capture/edid/edid.h"

namespace oriel::capture::edid {
namespace {

using ::testing::HasSubstr;

struct Case {
  Mode mode;
  Blanking blanking;
};

std::vector<Case> Cases() {
  constexpr struct {
    int width, height;
  } kSizes[] = {{640, 480},   {800, 600},   {1024, 768},  {1152, 864},
                {1280, 720},  {1280, 1024}, {1366, 768},  {1600, 900},
                {1600, 1200}, {1680, 1050}, {1920, 1080}, {1920, 1200},
                {2048, 1536}, {2560, 1080}, {2560, 1440}, {3440, 1440},
                {3840, 2160}, {4088, 2304}, {1080, 1920}, {1000, 600},
                {1904, 997},  {720, 1280},  {4095, 2160}, {5120, 1440},
                {5120, 2880}, {7680, 4320}, {10240, 4320}};
  std::vector<Case> cases;
  for (const auto& size : kSizes) {
    for (const uint32_t refresh_hz : {24, 30, 50, 60, 75, 85, 120, 144, 240}) {
      for (const Blanking blanking : {Blanking::kReduced, Blanking::kNormal}) {
        const Case a = {{size.width, size.height, refresh_hz * 1000}, blanking};
        const auto timing = ComputeTiming(a.mode, a.blanking);
        // edid-decode takes a lower clock for a mistake.
        if (timing.ok() && timing->pixel_clock_khz >= 10'000) {
          cases.push_back(a);
        }
      }
    }
  }
  return cases;
}

int BackPorch(const Timing& t) {
  return t.v_blank_lines - t.v_front_lines - t.v_sync_lines;
}

// Where CVT 2.0's smallest back porch binds, cvt disagrees: it leaves six lines
// with reduced blanking, as CVT 1.1 does, and three with normal.
constexpr int kMinBackPorch = 7;

std::string Name(const Case& a) {
  return absl::StrFormat(
      "%dx%d at %u mHz, %s blanking", a.mode.width_px, a.mode.height_px,
      a.mode.refresh_mhz,
      a.blanking == Blanking::kNormal ? "normal" : "reduced");
}

// edid-decode --cvt's answer; it too keeps a width that is no multiple of 8,
// but computes with the one rounded down.
Timing AskEdidDecode(const Case& a) {
  const std::string text = OutputOf(absl::StrFormat(
      "edid-decode --cvt w=%d,h=%d,fps=%d,rb=%d", a.mode.width_px,
      a.mode.height_px, a.mode.refresh_mhz / 1000,
      a.blanking == Blanking::kReduced ? 1 : 0));
  double clock_mhz = 0;
  Timing t;
  int h_back = 0, v_back = 0;
  char h_sign = 0, v_sign = 0;
  const int fields = sscanf(
      text.c_str(),
      "CVT: %dx%d %*f Hz %*s %*f kHz %lf MHz%*[^H]Hfront %d Hsync %d Hback %d "
      "Hpol %c Vfront %d Vsync %d Vback %d Vpol %c",
      &t.width_px, &t.height_px, &clock_mhz, &t.h_front_px, &t.h_sync_px,
      &h_back, &h_sign, &t.v_front_lines, &t.v_sync_lines, &v_back, &v_sign);
  EXPECT_EQ(fields, 11) << text;
  t.pixel_clock_khz = static_cast<uint32_t>(std::lround(clock_mhz * 1000));
  t.h_blank_px = t.h_front_px + t.h_sync_px + h_back;
  t.v_blank_lines = t.v_front_lines + t.v_sync_lines + v_back;
  t.h_sync_positive = h_sign == 'P';
  t.v_sync_positive = v_sign == 'P';
  return t;
}

TEST(DebianToolsTest, TimingsAreThoseOfEdidDecode) {
  int compared = 0;
  for (const Case& a : Cases()) {
    if (a.mode.width_px % 8 != 0) continue;
    const auto ours = ComputeTiming(a.mode, a.blanking);
    ASSERT_TRUE(ours.ok()) << ours.status();
    EXPECT_EQ(*ours, AskEdidDecode(a)) << Name(a);
    ++compared;
  }
  EXPECT_GT(compared, 250);
}

TEST(DebianToolsTest, NormalBlankingHasTheTotalsAndTheClockOfCvt) {
  int compared = 0;
  for (const Case& a : Cases()) {
    if (a.mode.width_px % 8 != 0 || a.blanking != Blanking::kNormal) continue;
    const auto ours = ComputeTiming(a.mode, a.blanking);
    ASSERT_TRUE(ours.ok()) << ours.status();
    if (BackPorch(*ours) == kMinBackPorch) continue;
    const std::string text =
        OutputOf(absl::StrFormat("cvt %d %d %d", a.mode.width_px,
                                 a.mode.height_px, a.mode.refresh_mhz / 1000));
    double clock_mhz = 0;
    int total = 0, lines = 0;
    const size_t modeline = text.find("Modeline");
    ASSERT_NE(modeline, std::string::npos) << text;
    ASSERT_EQ(sscanf(text.c_str() + modeline,
                     "Modeline %*s %lf %*d %*d %*d %d %*d %*d %*d %d",
                     &clock_mhz, &total, &lines),
              3)
        << text;
    EXPECT_EQ(ours->width_px + ours->h_blank_px, total) << Name(a);
    EXPECT_EQ(ours->height_px + ours->v_blank_lines, lines) << Name(a);
    EXPECT_EQ(ours->pixel_clock_khz, std::lround(clock_mhz * 1000)) << Name(a);
    ++compared;
  }
  EXPECT_GT(compared, 120);
}

// cvt rounds the reduced clock down from the line's estimated time, not from
// the totals as CVT 1.1 does, so its clock can be a little lower.
TEST(DebianToolsTest, ReducedBlankingHasTheTotalsOfCvt) {
  for (const Case& a : Cases()) {
    const bool known_to_cvt = a.mode.refresh_mhz == 60'000;
    // cvt tells the aspect 15:9 only where the lines are a multiple of nine.
    const bool fifteen_nine = a.mode.width_px * 9 == a.mode.height_px * 15;
    if (a.mode.width_px % 8 != 0 || a.blanking != Blanking::kReduced ||
        !known_to_cvt || fifteen_nine) {
      continue;
    }
    const auto ours = ComputeTiming(a.mode, a.blanking);
    ASSERT_TRUE(ours.ok()) << ours.status();
    if (BackPorch(*ours) == kMinBackPorch) continue;
    const std::string text = OutputOf(
        absl::StrFormat("cvt -r %d %d", a.mode.width_px, a.mode.height_px));
    const size_t modeline = text.find("Modeline");
    ASSERT_NE(modeline, std::string::npos) << text;
    double clock_mhz = 0;
    int front = 0, sync = 0, total = 0, lines = 0;
    ASSERT_EQ(sscanf(text.c_str() + modeline,
                     "Modeline %*s %lf %*d %d %d %d %*d %*d %*d %d", &clock_mhz,
                     &front, &sync, &total, &lines),
              5)
        << text;
    EXPECT_EQ(ours->width_px + ours->h_front_px, front) << Name(a);
    EXPECT_EQ(front + ours->h_sync_px, sync) << Name(a);
    EXPECT_EQ(ours->width_px + ours->h_blank_px, total) << Name(a);
    EXPECT_EQ(ours->height_px + ours->v_blank_lines, lines) << Name(a);
    EXPECT_GE(ours->pixel_clock_khz, std::lround(clock_mhz * 1000)) << Name(a);
    EXPECT_LE(ours->pixel_clock_khz, clock_mhz * 1000 * 1.02) << Name(a);
  }
}

// Whether `said` warns, but for ORL's being nobody's three letters in the
// tool's list, which in a DisplayID block, unlike in the base block, it warns
// of.
bool Warns(const std::string& said) {
  constexpr char kHeading[] = "Warnings:\n\n";
  const size_t at = said.find(kHeading);
  if (at == std::string::npos) return false;
  std::istringstream lines(said.substr(at + sizeof(kHeading) - 1));
  for (std::string line; std::getline(lines, line) && !line.empty();) {
    const bool expected = line == "Block 1, DisplayID Extension Block:" ||
                          line.find("possible PNP ORL") != std::string::npos;
    if (!expected) return true;
  }
  return false;
}

// Also those of two blocks, for which a detailed timing is too small.
TEST(DebianToolsTest, EveryBuiltEdidConforms) {
  int of_two_blocks = 0;
  for (const Case& a : Cases()) {
    const auto edid = BuildEdid({.preferred = a.mode, .blanking = a.blanking});
    ASSERT_TRUE(edid.ok()) << edid.status();
    const std::string said = EdidDecode(*edid, "--check");
    EXPECT_THAT(said, HasSubstr("EDID conformity: PASS")) << Name(a);
    EXPECT_FALSE(Warns(said)) << Name(a) << said;
    EXPECT_THAT(said, HasSubstr(absl::StrFormat("%4dx%-4d ", a.mode.width_px,
                                                a.mode.height_px)))
        << Name(a);
    of_two_blocks += edid->size() == 2 * kBlockBytes ? 1 : 0;
  }
  EXPECT_GT(of_two_blocks, 30);
}

}  // namespace
}  // namespace oriel::capture::edid
