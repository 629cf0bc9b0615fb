#include "clients/cli/monitor_mode.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;

std::string Told(const std::string& text) {
  const auto mode = ParseMonitorMode(text);
  if (!mode.ok()) return std::string(mode.status().message());
  return FormatMode(mode->width_px(), mode->height_px(),
                    mode->refresh_millihz());
}

TEST(MonitorModeTest, ReadsASizeAndARate) {
  EXPECT_EQ(Told("1600x900"), "1600x900 at 60.00 Hz");
  EXPECT_EQ(Told("1600x900@75"), "1600x900 at 75.00 Hz");
  EXPECT_EQ(Told("1x65535@1"), "1x65535 at 1.00 Hz");
  EXPECT_EQ(Told("5120x1440"), "5120x1440 at 60.00 Hz");
  EXPECT_EQ(FormatMode(1920, 1080, 60'000, true), "1920x1080i at 60.00 Hz");
  EXPECT_EQ(ParseMonitorMode("1600x900@59.94")->refresh_millihz(), 59'940u);
  EXPECT_EQ(ParseMonitorMode("1600x900@59.9")->refresh_millihz(), 59'900u);
  EXPECT_EQ(ParseMonitorMode("1600x900@59.005")->refresh_millihz(), 59'005u);
  EXPECT_EQ(ParseMonitorMode("640x480@1000")->refresh_millihz(), 1'000'000u);
}

TEST(MonitorModeTest, SaysWhatAModeLooksLike) {
  for (const char* text : {"",
                           "x",
                           "1600",
                           "1600x",
                           "x900",
                           "1600*900",
                           "1600X900",
                           "1600 x900",
                           "1600x900 ",
                           "+1600x900",
                           "-1600x900",
                           "1600x-900",
                           "0x1Fx900",
                           "1600x900x32",
                           "1600x900@",
                           "1600x900@75Hz",
                           "1600x900@.5",
                           "1600x900@75.",
                           "1600x900@59.9400",
                           "1600x900@1e2",
                           "1600x900@nan",
                           "1600x900@75@60",
                           "1600x900@5 9",
                           "1600x900@59.9.4",
                           "1600@60x900"}) {
    EXPECT_THAT(Told(text), HasSubstr("is no mode; write for example 1600x900"))
        << text;
  }
}

TEST(MonitorModeTest, SaysWhichRangeAModeLeaves) {
  for (const char* text : {"0x900", "1600x0", "65536x900",
                           "1600x99999999999999999999", "4294967297x900"}) {
    EXPECT_THAT(Told(text), HasSubstr("each side has 1 to 65535 pixels"))
        << text;
  }
  for (const char* text :
       {"1600x900@0", "1600x900@0.999", "1600x900@1000.001",
        "1600x900@99999999999999999999", "1600x900@4294967356"}) {
    EXPECT_THAT(Told(text), HasSubstr("has 1 to 1000 Hz")) << text;
  }
}

}  // namespace
}  // namespace oriel::clients
