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
            "size:          423 mm x 238 mm\n"
            "preferred:     1600x900 at 59.98 Hz\n"
            "other modes:   640x480 at 59.94 Hz, 800x600 at 60.32 Hz\n");
}

// A text instead of the range limits, an interlaced timing in a CTA-861 block
// (code 5), and a block of a vendor that nobody knows.
TEST(EdidReportTest, TextsInterlacedModesAndWhatIsNotDecodedAreTold) {
  std::string bytes = Monitor(1600, 900);
  const std::string text("\0\0\0\xFE\0Panel 7\n     ", 18);
  bytes.replace(90, text.size(), text);
  bytes[126] = 2;
  std::string cta("\x02\x03\x06\x00\x41\x05", 6);
  cta.resize(edid::kBlockBytes, '\0');
  std::string vendors(1, '\xFF');
  vendors.resize(edid::kBlockBytes, '\0');
  bytes += cta + vendors;
  for (size_t at = 0; at < bytes.size(); at += edid::kBlockBytes) {
    char& last = bytes[at + edid::kBlockBytes - 1];
    last = 0;
    for (size_t i = 0; i + 1 < edid::kBlockBytes; ++i) {
      last = static_cast<char>(last - bytes[at + i]);
    }
  }
  const std::string told = EdidDetails(PluggedIn(bytes), false);
  EXPECT_THAT(told, HasSubstr("other modes:   1920x1080i at 60.00 Hz\n"
                              "text:          Panel 7\n"
                              "not decoded:   extension block with tag 0xff at "
                              "byte 256\n"));
  const nlohmann::json json = MonitorJson(bytes);
  EXPECT_EQ(json["modes"][1]["interlaced"], true);
  EXPECT_EQ(json["modes"][1]["refresh_millihz"], 60'000);
  EXPECT_EQ(json["texts"][0], "Panel 7");
  EXPECT_EQ(json["not_decoded"].size(), 1u);
}

TEST(EdidReportTest, TheLargestPreferredModeOfTwoBlocksIsTold) {
  EXPECT_THAT(EdidDetails(PluggedIn(Monitor(5120, 1440)), false),
              HasSubstr("EDID:          256 bytes, version 1.4\n"
                        "name:          Desk\n"
                        "manufacturer:  ORL\n"
                        "size:          1354 mm x 381 mm\n"
                        "preferred:     5120x1440 at 59.98 Hz\n"
                        "other modes:   2560x720 at 59.91 Hz\n"));
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
  EXPECT_EQ(json["modes"][1]["interlaced"], false);
  EXPECT_EQ(json["width_mm"], 423);
  EXPECT_EQ(json["height_mm"], 238);
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
