#include "clients/cli/commands_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace oriel::clients {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

v1::HostDevice Mdev(const std::string& display) {
  v1::HostDevice device;
  device.set_kind(v1::DEVICE_KIND_MDEV);
  device.set_name("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");
  device.set_driver("vfio_mdev");
  device.set_iommu_group("7");
  device.set_mdev_type("i915-GVTg_V5_4");
  device.set_parent("0000:00:02.0");
  device.set_display(display);
  return device;
}

class DevicesCommandTest : public CommandsTest {
 protected:
  DevicesCommandTest() {
    server_.devices = {Mdev("other"), Mdev("vm7")};
    server_.devices.front().set_iommu_group("6");
    server_.device.set_description("a fake");
    server_.device.set_has_op_region(true);
    v1::DeviceRegion& region = *server_.device.add_regions();
    region.set_index(2);
    region.set_size_bytes(256 << 20);
    region.set_name("BAR 2");
    region.set_readable(true);
  }
};

class OlderServerTest : public CommandsTest {
 protected:
  OlderServerTest() : CommandsTest(FakeOrield::Age::kBeforeDeviceService) {}
};

TEST_F(DevicesCommandTest, DevicesPrintsTablesOrAnObject) {
  v1::VideoEncoder& encoder = server_.video_encoders.emplace_back();
  encoder.set_name("h264_vaapi");
  encoder.set_codec(v1::VIDEO_CODEC_H264);
  encoder.set_hardware(true);
  encoder.set_reason("no VA\x1b display");
  const Outcome text = Run({"devices"});
  EXPECT_EQ(text.exit_code, kExitOk) << text.err;
  EXPECT_THAT(text.out, StartsWith("NAME "));
  EXPECT_THAT(text.out, HasSubstr("mdev  vfio_mdev  7      i915-GVTg_V5_4"));
  EXPECT_THAT(text.out, HasSubstr("h264_vaapi     h264   GPU      no: no VA? "
                                  "display\n"));
  const auto json = nlohmann::json::parse(Run({"devices", "--json"}).out);
  const auto& devices = json["devices"];
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[1]["display"], "vm7");
  EXPECT_EQ(devices[1]["kind"], "mdev");
  EXPECT_EQ(json["video_encoders"][0]["name"], "h264_vaapi");
  EXPECT_EQ(json["video_encoders"][0]["usable"], false);
}

TEST_F(DevicesCommandTest, AHostWithoutDevicesIsSaidAndIsAnEmptyArray) {
  server_.devices.clear();
  const Outcome text = Run({"devices"});
  EXPECT_EQ(text.exit_code, kExitOk);
  EXPECT_EQ(text.out, "");
  EXPECT_THAT(text.err, HasSubstr("has no device for a VM; make an mdev"));
  EXPECT_EQ(Run({"devices", "--json"}).out,
            "{\"devices\":[],\"video_encoders\":[]}\n");
}

TEST_F(DevicesCommandTest, ShowPrintsTheDeviceBelowTheDisplay) {
  const Outcome outcome = Run({"show", "vm7"});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("name:         vm7\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("viewers:      0\n\n"
                        "host device:  83b8f4f2-509f-382f-3c1e-e6bfe0fa1001, "
                        "mdev\n"
                        "owner:        -\n"));
  EXPECT_THAT(outcome.out, HasSubstr("IOMMU group:  7\n"));
  EXPECT_THAT(outcome.out, HasSubstr("OpRegion:     yes\n"));
  EXPECT_THAT(outcome.out, HasSubstr("2       256 MiB  r       BAR 2"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("No more about the device")));
  const auto json = nlohmann::json::parse(Run({"show", "--json"}).out);
  EXPECT_EQ(json["name"], "vm7");
  EXPECT_EQ(json["width_px"], 640);
  // The display's own fields stay what they are.
  EXPECT_EQ(json["device"], "a fake");
  EXPECT_EQ(json["host_device"]["iommu_group"], "7");
  EXPECT_EQ(json["device_report"]["description"], "a fake");
  EXPECT_EQ(json["device_problem"], "");
}

TEST_F(DevicesCommandTest, ADisplayWithoutAHostDeviceIsShownWithItsDevice) {
  server_.devices.clear();
  const Outcome outcome = Run({"show"});
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_THAT(outcome.out, Not(HasSubstr("host device:")));
  EXPECT_THAT(outcome.out, HasSubstr("OpRegion:    yes\n"));
  const auto json = nlohmann::json::parse(Run({"show", "--json"}).out);
  EXPECT_TRUE(json["host_device"].is_null());
  EXPECT_FALSE(json["device_report"].is_null());
  EXPECT_EQ(json["device_problem"], "");
}

TEST_F(DevicesCommandTest, ShowSaysWhyTheDeviceCannotBeAsked) {
  server_.device_status =
      grpc::Status(grpc::StatusCode::UNAVAILABLE, "the device\x1b[2J has gone");
  const Outcome outcome = Run({"show"});
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("viewers:      0\n"));
  EXPECT_THAT(outcome.out, HasSubstr("IOMMU group:  7\n"));
  EXPECT_THAT(
      outcome.out,
      HasSubstr("\nNo more about the device: the device?[2J has gone\n"));
  const auto json = nlohmann::json::parse(Run({"show", "--json"}).out);
  EXPECT_EQ(json["name"], "vm7");
  EXPECT_TRUE(json["device_report"].is_null());
  EXPECT_EQ(json["host_device"]["iommu_group"], "7");
  EXPECT_EQ(json["device_problem"], "the device\x1b[2J has gone");
}

TEST_F(DevicesCommandTest, BothReasonsAreSaidWhenTheyDiffer) {
  server_.device_status =
      grpc::Status(grpc::StatusCode::UNAVAILABLE, "the device has gone");
  server_.devices_status = grpc::Status(grpc::StatusCode::INTERNAL, "no sysfs");
  EXPECT_THAT(
      Run({"show"}).out,
      HasSubstr("No more about the device: the device has gone; no sysfs\n"));
}

TEST_F(DevicesCommandTest, WhatTheServerSaysCannotSteerTheTerminal) {
  server_.devices_status =
      grpc::Status(grpc::StatusCode::INTERNAL, "a\x1b[2Jb");
  const Outcome outcome = Run({"devices"});
  EXPECT_EQ(outcome.exit_code, kExitFailure);
  EXPECT_EQ(outcome.err, "oriel: a?[2Jb\n");
}

TEST_F(OlderServerTest, ShowPrintsTheDisplayAndOneReason) {
  const Outcome outcome = Run({"show"});
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_THAT(outcome.out, HasSubstr("viewers:      0\n\nNo more about the "
                                     "device: orield at unix:"));
  EXPECT_THAT(outcome.out,
              HasSubstr("cannot do this; is it an older version?\n"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("version?; ")));
  const auto json = nlohmann::json::parse(Run({"show", "--json"}).out);
  EXPECT_TRUE(json["host_device"].is_null());
  EXPECT_TRUE(json["device_report"].is_null());
  EXPECT_THAT(std::string(json["device_problem"]), HasSubstr("older version"));
}

TEST_F(OlderServerTest, OtherCommandsFailWithTheReason) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{
           {"devices"},
           {"edid", "get"},
           {"edid", "set", "--mode", "640x480"},
           {"opregion"}}) {
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.exit_code, kExitFailure) << arguments.front();
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr("is it an older version?"));
  }
}

TEST_F(DevicesCommandTest, AnUnknownDisplayIsExitCodeThree) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{
           {"show", "vm9"},
           {"edid", "get", "vm9"},
           {"edid", "set", "vm9", "--mode", "640x480"},
           {"opregion", "vm9"}}) {
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.exit_code, kExitNoSuchDisplay) << arguments.front();
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, "oriel: no display is named 'vm9'\n");
  }
}

}  // namespace
}  // namespace oriel::clients
