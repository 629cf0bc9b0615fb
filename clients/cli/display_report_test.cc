#include "clients/cli/display_report.h"

#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

v1::Display Ready() {
  v1::Display display;
  display.set_name("vm7");
  display.set_state(v1::DISPLAY_STATE_READY);
  display.set_device("mdev 83b8");
  display.set_framebuffer("region 16");
  display.set_width_px(1920);
  display.set_height_px(1080);
  display.set_fourcc("XR24");
  display.add_encodings(v1::ENCODING_LOSSLESS);
  display.add_encodings(v1::ENCODING_H264);
  display.set_viewer_count(2);
  return display;
}

v1::Display Off() {
  v1::Display display;
  display.set_name("vm-without-driver");
  display.set_state(v1::DISPLAY_STATE_PLANE_OFF);
  display.set_state_reason("the guest's driver\nhas not started");
  return display;
}

TEST(DisplayReportTest, TheTableSaysWhyADisplayCannotBeSeen) {
  EXPECT_EQ(
      DisplayTable({Ready(), Off()}, false),
      "NAME               STATE      SIZE       FORMAT  VIEWERS  DEVICE\n"
      "vm7                ready      1920x1080  XR24    2        mdev 83b8\n"
      "vm-without-driver  plane-off  -          -       0        -\n"
      "    the guest's driver?has not started\n");
}

TEST(DisplayReportTest, JsonHasEveryFieldUnderItsProtoName) {
  EXPECT_EQ(JsonLine(DisplayJson(Ready())),
            "{\"device\":\"mdev 83b8\",\"encodings\":[\"lossless\",\"h264\"],"
            "\"fourcc\":\"XR24\",\"framebuffer\":\"region 16\","
            "\"height_px\":1080,\"name\":\"vm7\",\"state\":\"ready\","
            "\"state_reason\":\"\",\"viewer_count\":2,\"width_px\":1920}\n");
  const nlohmann::json json = DisplayJson(Ready());
  for (int i = 0; i < v1::Display::descriptor()->field_count(); ++i) {
    EXPECT_TRUE(json.contains(v1::Display::descriptor()->field(i)->name()));
  }
}

TEST(DisplayReportTest, JsonSurvivesBytesThatAreNoText) {
  EXPECT_EQ(JsonLine({{"a", "\xFF"}}), "{\"a\":\"\xEF\xBF\xBD\"}\n");
}

TEST(DisplayReportTest, DetailsNameTheReasonOnlyWhenThereIsOne) {
  EXPECT_EQ(DisplayDetails(Ready(), false),
            "name:         vm7\n"
            "state:        ready\n"
            "device:       mdev 83b8\n"
            "framebuffer:  region 16\n"
            "size:         1920x1080\n"
            "format:       XR24\n"
            "encodings:    lossless, h264\n"
            "viewers:      2\n");
  EXPECT_NE(DisplayDetails(Off(), false).find("reason:"), std::string::npos);
}

TEST(DisplayReportTest, StatesHaveColoursOnRequestOnly) {
  EXPECT_EQ(DisplayTable({Ready()}, false).find('\x1b'), std::string::npos);
  EXPECT_NE(DisplayTable({Ready()}, true).find("\x1b[32mready"),
            std::string::npos);
}

}  // namespace
}  // namespace oriel::clients
