#include "clients/cli/edid_report.h"

#include "capture/edid/edid.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;
namespace edid = capture::edid;

std::string Monitor(int32_t width_px, int32_t height_px,
                    uint32_t refresh_mhz = 60'000) {
  const auto block = edid::BuildEdid(
      {.preferred = {width_px, height_px, refresh_mhz}, .name = "Desk"});
  EXPECT_TRUE(block.ok()) << block.status();
  return std::string(block->begin(), block->end());
}

// As Monitor, with 640x480 and 800x600 among the established timings.
std::string MonitorWithOtherModes() {
  std::string bytes = Monitor(1600, 900);
  bytes[35] = 0x21;
  bytes[127] = static_cast<char>(bytes[127] - 0x21);
  return bytes;
}

v1::GetEdidResponse PluggedIn(const std::string& bytes) {
  v1::GetEdidResponse response;
  response.set_link(v1::MONITOR_LINK_UP);
  response.set_edid(bytes);
  response.mutable_limits()->set_max_size_bytes(256);
  response.mutable_limits()->set_max_width_px(1920);
  response.mutable_limits()->set_max_height_px(1200);
  response.mutable_limits()->set_writable(true);
  return response;
}

TEST(EdidReportTest, PeopleReadWhatIsPluggedIn) {
  EXPECT_EQ(EdidDetails(PluggedIn(MonitorWithOtherModes()), false),
            "link:          up\n"
            "limits:        256 bytes, prefers at most 1920x1200, writable\n"
            "EDID:          128 bytes, version 1.4\n"
            "name:          Desk\n"
            "manufacturer:  ORL\n"
            "preferred:     1600x900 at 59.98 Hz\n"
            "other modes:   640x480 at 60.00 Hz, 800x600 at 60.00 Hz\n");
}

TEST(EdidReportTest, JsonHasTheBytesAndWhatTheySay) {
  const nlohmann::json json = EdidJson(PluggedIn(MonitorWithOtherModes()));
  EXPECT_EQ(json["link"], "up");
  EXPECT_EQ(json["limits"]["max_width_px"], 1920);
  const std::string hex = json["edid"];
  EXPECT_EQ(hex.size(), 256u);
  EXPECT_EQ(hex.substr(0, 16), "00ffffffffffff00");
  EXPECT_EQ(json["name"], "Desk");
  EXPECT_EQ(json["manufacturer"], "ORL");
  EXPECT_EQ(json["preferred"]["width_px"], 1600);
  EXPECT_EQ(json["preferred"]["height_px"], 900);
  EXPECT_NEAR(json["preferred"]["refresh_millihz"], 60'000, 30);
  ASSERT_EQ(json["modes"].size(), 3u);
  EXPECT_EQ(json["modes"][0], json["preferred"]);
  EXPECT_EQ(json["modes"][1]["width_px"], 640);
  EXPECT_EQ(json["problems"], nlohmann::json::array());
}

TEST(EdidReportTest, JsonHasEveryFieldOfTheLimits) {
  const nlohmann::json json = EdidLimitsJson({});
  for (int i = 0; i < v1::EdidLimits::descriptor()->field_count(); ++i) {
    EXPECT_TRUE(json.contains(v1::EdidLimits::descriptor()->field(i)->name()));
  }
}

TEST(EdidReportTest, ADeviceWithoutAMonitorSaysSo) {
  v1::GetEdidResponse response;
  response.set_link(v1::MONITOR_LINK_UNKNOWN);
  EXPECT_EQ(EdidDetails(response, false),
            "link:    unknown: nobody has set it since the device was made\n"
            "limits:  -\n"
            "EDID:    none is set yet\n");
  const nlohmann::json json = EdidJson(response);
  EXPECT_EQ(json["link"], "unknown");
  EXPECT_EQ(json["edid"], "");
  EXPECT_TRUE(json["preferred"].is_null());
  EXPECT_TRUE(json["limits"].is_null());
}

TEST(EdidReportTest, WhatIsWrongWithTheBytesIsSaid) {
  EXPECT_THAT(EdidDetails(PluggedIn("noise"), false),
              HasSubstr("EDID:     5 bytes\nproblem:  "));
  EXPECT_EQ(MonitorJson("noise")["problems"].size(), 1u);
  std::string broken = Monitor(1600, 900);
  broken[127] ^= 1;
  EXPECT_THAT(EdidDetails(PluggedIn(broken), false),
              HasSubstr("problem:       the base block's bytes add up to"));
  EXPECT_EQ(MonitorJson(broken)["problems"].size(), 1u);
}

TEST(EdidReportTest, TheMonitorsNameCannotSteerTheTerminal) {
  std::string bytes = Monitor(1600, 900);
  const size_t name = bytes.find("Desk");
  ASSERT_NE(name, std::string::npos);
  bytes[name] = '\x1b';
  EXPECT_EQ(EdidDetails(PluggedIn(bytes), false).find('\x1b'),
            std::string::npos);
}

TEST(EdidReportTest, LimitsSayWhyAMonitorCannotBePluggedIn) {
  v1::EdidLimits limits;
  limits.set_max_size_bytes(128);
  EXPECT_EQ(EdidLimitsText(limits), "128 bytes, cannot be set");
  limits.set_write_refusal("a VM drives\nthe device");
  EXPECT_EQ(EdidLimitsText(limits),
            "128 bytes, cannot be set: a VM drives?the device");
  limits.set_writable(true);
  limits.set_max_width_px(800);
  EXPECT_EQ(EdidLimitsText(limits),
            "128 bytes, prefers at most 800 px of width, writable");
}

}  // namespace
}  // namespace oriel::clients
