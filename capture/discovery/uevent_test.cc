#include "capture/discovery/uevent.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace oriel::capture {
namespace {

using namespace std::string_literals;  // NOLINT: texts with zeros in them

const char kUuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

std::optional<Uevent> Parse(const std::string& text) {
  return ParseUevent(
      {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

std::string Message(const std::string& action, const std::string& path,
                    const std::string& subsystem) {
  return action + "@" + path + "\0ACTION="s + action + "\0DEVPATH="s + path +
         "\0SUBSYSTEM="s + subsystem + "\0SEQNUM=1234\0"s;
}

TEST(ParseUeventTest, TakesWhatTheKernelSends) {
  const auto event =
      Parse(Message("bind", "/devices/virtual/mdpy/mdpy/x", "mdev"));
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(*event, (Uevent{"bind", "mdev", "/devices/virtual/mdpy/mdpy/x"}));
}

TEST(ParseUeventTest, EveryShorterMessageIsRefusedOrTellsLess) {
  const std::string whole = Message("add", "/devices/x", "pci");
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto event = Parse(whole.substr(0, size));
    if (event.has_value()) {
      EXPECT_EQ(event->action, "add");
      EXPECT_EQ(event->path, "/devices/x");
    }
  }
}

TEST(ParseUeventTest, RefusesWhatIsNotTheKernels) {
  EXPECT_FALSE(Parse("").has_value());
  EXPECT_FALSE(Parse("libudev\0\xfe\xed\xca\xfe"s).has_value());
  EXPECT_FALSE(Parse("add@/devices/x"s).has_value()) << "no zero";
  EXPECT_FALSE(Parse("add@/devices/x\0ACTION=add\0"s).has_value());
  EXPECT_FALSE(
      Parse("add@/devices/x\0ACTION=add\0DEVPATH=/devices/y\0"s).has_value());
  EXPECT_FALSE(Parse("add@/devices/x\0ACTION=remove\0DEVPATH=/devices/x\0"s)
                   .has_value());
  EXPECT_FALSE(
      Parse(Message("add", "/" + std::string(10'000, 'x'), "pci")).has_value());
}

TEST(DeviceOfTest, NamesTheDeviceThatCameOrWent) {
  const std::string pci = "/devices/pci0000:00/0000:00:02.0";
  const std::string mdev = pci + "/" + kUuid;
  EXPECT_EQ(DeviceOf({"bind", "pci", pci}), "0000:00:02.0");
  EXPECT_EQ(DeviceOf({"add", "mdev", mdev}), kUuid);
  EXPECT_EQ(DeviceOf({"add", "vfio-dev", mdev + "/vfio-dev/vfio0"}), kUuid);
  EXPECT_EQ(DeviceOf({"add", "vfio-dev", pci + "/vfio-dev/vfio0"}),
            "0000:00:02.0");
}

TEST(DeviceOfTest, OtherEventsNameNone) {
  EXPECT_EQ(DeviceOf({"add", "drm", "/devices/pci0000:00/0000:00:02.0/card0"}),
            "");
  EXPECT_EQ(DeviceOf({"add", "mdev", "/devices/virtual/x"}), "");
  EXPECT_EQ(DeviceOf({"add", "mdev", "////"}), "");
  EXPECT_EQ(DeviceOf({"add", "pci", "no slash"}), "");
  EXPECT_EQ(DeviceOf({"add", "mdev", "/devices/83B8F4F2-509F-382F"}), "");
}

}  // namespace
}  // namespace oriel::capture
