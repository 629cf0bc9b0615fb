// What we compute and build, against Debian's edid-decode and cvt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "capture/edid/cvt.h"
#include "capture/edid/edid.h"
#include "capture/edid/edid_info.h"

namespace oriel::capture::edid {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::Not;

// What `command` prints; a failure tells what to install.
std::string OutputOf(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  std::string output;
  char part[4096];
  while (const size_t got = fread(part, 1, sizeof(part), pipe)) {
    output.append(part, got);
  }
  const int status = pclose(pipe);
  EXPECT_NE(WEXITSTATUS(status), 127)
      << "run tools/install_packages: '" << command << "' was not found";
  return output;
}

std::string Decode(const std::vector<uint8_t>& edid, const char* options) {
  const std::string path = std::string(getenv("TEST_TMPDIR")) + "/edid.bin";
  std::ofstream(path, std::ios::binary)
      .write(std::string(edid.begin(), edid.end()).data(),
             static_cast<std::streamsize>(edid.size()));
  return OutputOf(
      absl::StrFormat("edid-decode %s --skip-hex-dump %s 2>&1", options, path));
}

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
                {1904, 997},  {720, 1280},  {4095, 2160}};
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

// Where CVT 1.1's smallest back porch binds, the tools disagree with it and
// with each other: cvt leaves six lines too, but only three with normal
// blanking; edid-decode leaves seven.
constexpr int kMinBackPorch = 6;

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
    if (BackPorch(*ours) == kMinBackPorch) continue;
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

TEST(DebianToolsTest, EveryBuiltEdidConforms) {
  for (const Case& a : Cases()) {
    const auto block = BuildEdid({.preferred = a.mode, .blanking = a.blanking});
    // Too many lines a second for range limits.
    if (!block.ok() && a.mode.refresh_mhz == 240'000) continue;
    ASSERT_TRUE(block.ok()) << block.status();
    const std::string said = Decode({block->begin(), block->end()}, "--check");
    EXPECT_THAT(said, HasSubstr("EDID conformity: PASS")) << Name(a);
    EXPECT_THAT(said, Not(HasSubstr("Warnings:"))) << Name(a);
    EXPECT_THAT(said, HasSubstr(absl::StrFormat("%4dx%-4d ", a.mode.width_px,
                                                a.mode.height_px)))
        << Name(a);
  }
}

// The modes of one section of edid-decode's text, the rates in whole Hz.
std::vector<Mode> DecodedModes(const std::string& text, const char* from,
                               const char* to) {
  std::istringstream lines(
      text.substr(text.find(from), text.find(to) - text.find(from)));
  std::vector<Mode> modes;
  for (std::string line; std::getline(lines, line);) {
    Mode mode;
    double refresh_hz = 0;
    const size_t colon = line.find(':');
    if (colon == std::string::npos ||
        sscanf(line.c_str() + colon + 1, " %dx%d %lf Hz", &mode.width_px,
               &mode.height_px, &refresh_hz) != 3) {
      continue;
    }
    mode.refresh_mhz = static_cast<uint32_t>(std::lround(refresh_hz)) * 1000;
    modes.push_back(mode);
  }
  return modes;
}

TEST(DebianToolsTest, EstablishedAndStandardTimingsAreReadAsEdidDecodeDoes) {
  const auto block = BuildEdid({.preferred = {1920, 1080}});
  ASSERT_TRUE(block.ok()) << block.status();
  std::vector<uint8_t> edid(block->begin(), block->end());
  const uint8_t kListed[] = {0xFF, 0xFF, 0x80, 0xD1, 0xC0, 0x81, 0x80,
                             0x81, 0x40, 0x95, 0x00, 0xA9, 0x40, 0xE1,
                             0xC0, 0x45, 0x59, 0x61, 0x4F};
  std::copy(std::begin(kListed), std::end(kListed), edid.begin() + 35);
  edid[127] = 0;
  edid[127] =
      static_cast<uint8_t>(-std::accumulate(edid.begin(), edid.end(), 0));
  const std::string text = Decode(edid, "");
  std::vector<Mode> expected =
      DecodedModes(text, "Established Timings", "Detailed Timing");
  ASSERT_EQ(expected.size(), 24u) << text;
  // Names that differ from the rate by more than rounding.
  for (Mode& mode : expected) {
    if (mode.refresh_mhz == 73'000) mode.refresh_mhz = 72'000;
  }
  const auto info = ParseEdid(edid);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_THAT(info->listed_modes, ElementsAreArray(expected));
}

}  // namespace
}  // namespace oriel::capture::edid
