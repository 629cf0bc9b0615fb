#include "capture/igd/child_device.h"

#include <gtest/gtest.h>

namespace oriel::capture::igd {
namespace {

std::string KindOf(uint16_t device_type) {
  return ConnectorKind({.device_type = device_type});
}

TEST(ChildDeviceTest, TheTypesThatFirmwareUsesHaveTheirKinds) {
  EXPECT_EQ(KindOf(0x60D2), "HDMI-A");
  EXPECT_EQ(KindOf(0x68C6), "DP");
  EXPECT_EQ(KindOf(0x60D6), "DP++");
  EXPECT_EQ(KindOf(0x78C6), "eDP");
  EXPECT_EQ(KindOf(0x1806), "eDP");
  EXPECT_EQ(KindOf(0x5062), "LVDS");
  EXPECT_EQ(KindOf(0x1022), "LVDS");
  EXPECT_EQ(KindOf(0x7CC2), "DSI");
  EXPECT_EQ(KindOf(0x68D2), "DVI-D");
  EXPECT_EQ(KindOf(0x6053), "DVI-I");
  EXPECT_EQ(KindOf(0x1009), "TV");
  EXPECT_EQ(KindOf(0x0001), "VGA");
  EXPECT_EQ(KindOf(0x8000), "unknown");
}

TEST(ChildDeviceTest, EveryPortNumberHasItsLetterOrNone) {
  std::string letters;
  for (int port = 0; port < 256; ++port) {
    const std::string letter =
        PortLetter({.dvo_port = static_cast<uint8_t>(port)});
    letters += letter.empty() ? "." : letter;
  }
  // HDMI, then LVDS, TV and CRT, then DP B to D and A, E to I, MIPI.
  EXPECT_EQ(letters, "ABCD...BCDAEEFFGGHHIIABCD" + std::string(231, '.'));
}

TEST(ChildDeviceTest, TheFirstHandleIsTheCrtsInOldTables) {
  EXPECT_EQ(HandleName({.handle = 1}, 216), "CRT");
  EXPECT_EQ(HandleName({.handle = 1}, 217), "EFP 6");
  EXPECT_EQ(HandleName({.handle = 8}, 221), "LFP 1");
  EXPECT_EQ(HandleName({.handle = 9}, 221), "");
}

TEST(ChildDeviceTest, InternalAndHotplugAreBitsOfTheType) {
  EXPECT_TRUE(IsInternal({.device_type = 0x1806}));
  EXPECT_FALSE(HasHotplug({.device_type = 0x1806}));
  EXPECT_FALSE(IsInternal({.device_type = 0x60D6}));
  EXPECT_TRUE(HasHotplug({.device_type = 0x60D6}));
}

}  // namespace
}  // namespace oriel::capture::igd
