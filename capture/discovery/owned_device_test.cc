// An owned device from its name to its frames and back, over a fake kernel.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "capture/device/fake_kernel.h"
#include "capture/device/group_device.h"
#include "capture/discovery/fake_host.h"
#include "capture/discovery/open_group_device.h"
#include "capture/display/device_frame_source.h"

namespace oriel::capture {
namespace {

using ::testing::HasSubstr;

constexpr uint32_t kXr24 = 0x34325258;

class OwnedDeviceTest : public ::testing::Test {
 protected:
  OwnedDeviceTest() {
    host_.AddMdev(kernel_.device_name, "7");
    kernel_.group_path = host_.AddGroupFile("7");
    kernel_.device_bytes.assign(64 * 64 * 4, 0x5a);
    kernel_.plane.region_index = 0;
    kernel_.plane.drm_format = kXr24;
    kernel_.plane.width = 64;
    kernel_.plane.height = 64;
    kernel_.plane.stride = 64 * 4;
    kernel_.plane.size = 64 * 64 * 4;
  }

  absl::StatusOr<std::unique_ptr<OwnedDevice>> Open() {
    return OpenDeviceByName(
        kernel_.device_name, links_, host_.paths(),
        [this](const std::string& group_path, const std::string& name,
               std::shared_ptr<HangupEvent> hangup) {
          return OpenGroupDeviceWith(kernel_, group_path, name,
                                     std::move(hangup), kernel_.container_path);
        });
  }

  std::string Folder() const {
    return "bus/mdev/devices/" + kernel_.device_name;
  }

  FakeHost host_;
  FakeKernel kernel_;
  LinkWatch links_;
};

bool HangsUp(int fd) {
  pollfd event = {.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&event, 1, 120'000) == 1;
}

size_t EntryCount(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<size_t>(
      std::distance(begin(entries), std::filesystem::directory_iterator()));
}

// The watch's thread may hold an event for a moment longer.
bool SoonHas(const char* folder, size_t count) {
  const Time deadline = Clock::now() + std::chrono::seconds(120);
  while (EntryCount(folder) != count) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Of the fake kernel's files: others come from malloc as it likes.
int MappingCount() {
  std::ifstream maps("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);)
    count += line.find("oriel-fake-kernel") != std::string::npos ? 1 : 0;
  return count;
}

TEST_F(OwnedDeviceTest, RemovedLinkHangsUpADriverThatDoesNotAsk) {
  kernel_.request_irq_count = 0;
  const auto device = Open();
  ASSERT_TRUE(device.ok()) << device.status();
  host_.RemoveSysfs(Folder());
  ASSERT_TRUE(HangsUp((*device)->hangup_fd()));
  EXPECT_THAT((*device)->hangup_reason(), HasSubstr("is being removed"));
}

TEST_F(OwnedDeviceTest, FirstOfTwoReasonsIsKept) {
  const auto device = Open();
  ASSERT_TRUE(device.ok()) << device.status();
  ASSERT_EQ(eventfd_write(kernel_.eventfd, 1), 0);
  host_.RemoveSysfs(Folder());
  links_.CheckSoon();
  ASSERT_TRUE(HangsUp((*device)->hangup_fd()));
  EXPECT_THAT((*device)->hangup_reason(), HasSubstr("asks for the device"));
}

// While a driver waits for its device to be let go of, its link is gone and
// the group's file is still there: opening again would keep it waiting.
TEST_F(OwnedDeviceTest, DeviceThatIsBeingTakenAwayIsNotOpenedAgain) {
  host_.RemoveSysfs(Folder() + "/driver");
  const auto unbound = Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(unbound.status()));
  EXPECT_THAT(std::string(unbound.status().message()), HasSubstr("none has"));
  host_.RemoveSysfs(Folder());
  EXPECT_TRUE(absl::IsNotFound(Open().status()));
  EXPECT_EQ(kernel_.opens, 0);
}

TEST_F(OwnedDeviceTest, ThousandRoundsLeaveNoFdMappingOrThread) {
  constexpr int kRounds = 1000;
  const size_t fds = EntryCount("/proc/self/fd");
  const size_t threads = EntryCount("/proc/self/task");
  for (int round = 0; round < kRounds; ++round) {
    auto device = Open();
    ASSERT_TRUE(device.ok()) << round << ": " << device.status();
    auto source = OpenDeviceFrameSource(*std::move(device), {});
    ASSERT_TRUE(source.ok()) << round << ": " << source.status();
    const auto frame = (*source)->Scan(Clock::now());
    ASSERT_TRUE(frame.ok()) << round << ": " << frame.status();
    ASSERT_TRUE(frame->plane.on);
    ASSERT_EQ(MappingCount(), 1);
    const bool by_link = round % 2 == 0;
    if (by_link) {
      host_.RemoveSysfs(Folder());
      links_.CheckSoon();
    } else {
      ASSERT_EQ(eventfd_write(kernel_.eventfd, 1), 0);
    }
    ASSERT_TRUE(HangsUp((*source)->hangup_fd()));
    (*source)->Revoke();
    ASSERT_EQ(MappingCount(), 0);
    source->reset();
    ASSERT_TRUE(SoonHas("/proc/self/fd", fds)) << round;
    if (by_link) host_.AddMdev(kernel_.device_name, "7");
  }
  EXPECT_TRUE(SoonHas("/proc/self/task", threads));
}

}  // namespace
}  // namespace oriel::capture
