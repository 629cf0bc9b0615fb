#include "capture/discovery/open_group_device.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "capture/device/fake_device.h"
#include "capture/discovery/fake_host.h"

namespace oriel::capture {
namespace {

const char kUuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

class OpenDeviceByNameTest : public ::testing::Test {
 protected:
  OpenDeviceByNameTest() {
    host_.AddMdev(kUuid, "7");
    group_path_ = host_.AddGroupFile("7");
  }

  absl::StatusOr<std::unique_ptr<OwnedDevice>> Open(const std::string& name,
                                                    absl::Status result) {
    return OpenDeviceByName(
        name, links_, host_.paths(),
        [&](const std::string& group_path, const std::string& device,
            std::shared_ptr<HangupEvent>)
            -> absl::StatusOr<std::unique_ptr<OwnedDevice>> {
          EXPECT_EQ(group_path, group_path_);
          if (!result.ok()) return result;
          return std::make_unique<FakeDevice>(device);
        });
  }

  FakeHost host_;
  LinkWatch links_;
  std::string group_path_;
};

TEST_F(OpenDeviceByNameTest, OpensByTheKernelsSpellingOfTheName) {
  const auto device =
      Open("83B8F4F2-509F-382F-3C1E-E6BFE0FA1001", absl::OkStatus());
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_EQ((*device)->description(), kUuid);
}

TEST_F(OpenDeviceByNameTest, BusyDeviceNamesItsHolder) {
  host_.AddProcess("4711", "qemu-system-x86\n", group_path_);
  const auto device = Open(kUuid, absl::UnavailableError("open it: busy"));
  EXPECT_TRUE(absl::IsUnavailable(device.status()));
  EXPECT_EQ(std::string(device.status().message()),
            "open it: busy; held by qemu-system-x86 (pid 4711)");
}

TEST_F(OpenDeviceByNameTest, OtherErrorsPassUnchanged) {
  host_.AddProcess("4711", "qemu-system-x86\n", group_path_);
  const auto device = Open(kUuid, absl::PermissionDeniedError("no"));
  EXPECT_TRUE(absl::IsPermissionDenied(device.status()));
  EXPECT_EQ(std::string(device.status().message()), "no");
}

TEST_F(OpenDeviceByNameTest, UnknownDeviceIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(
      Open("00000000-509f-382f-3c1e-e6bfe0fa1001", absl::OkStatus()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Open("x", absl::OkStatus()).status()));
}

}  // namespace
}  // namespace oriel::capture
