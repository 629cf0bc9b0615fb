#include "capture/discovery/link_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "capture/discovery/fake_host.h"

namespace oriel::capture {
namespace {

using ::testing::HasSubstr;

const char kUuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
const char kPci[] = "0000:00:02.0";
const std::string kMdevFolder = std::string("bus/mdev/devices/") + kUuid;
const std::string kPciFolder = std::string("bus/pci/devices/") + kPci;

bool IsReadable(const HangupEvent& event, int timeout_ms = 0) {
  pollfd poll_fd = {.fd = event.fd(), .events = POLLIN, .revents = 0};
  return poll(&poll_fd, 1, timeout_ms) == 1;
}

// For what must happen: slow machines need long, quick ones wait for nothing.
constexpr int kLongMs = 120'000;

size_t ThreadCount() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(
      std::distance(begin(tasks), std::filesystem::directory_iterator()));
}

class LinkWatchTest : public ::testing::Test {
 protected:
  LinkWatchTest() {
    host_.AddMdevOf("virtual/mdpy/mdpy", kUuid, "7", "mdpy-vga");
    host_.AddPciDevice(kPci, "8", "vfio-pci");
  }

  std::shared_ptr<HangupEvent> Watch(const std::string& name) {
    const auto link = FindDeviceLink(name, host_.paths());
    EXPECT_TRUE(link.ok()) << link.status();
    std::shared_ptr<HangupEvent> hangup = *HangupEvent::Create();
    watch_.Watch(*link, hangup);
    return hangup;
  }

  FakeHost host_;
  LinkWatch watch_;
};

TEST_F(LinkWatchTest, RemovedMdevIsReportedByItself) {
  const auto hangup = Watch(kUuid);
  EXPECT_FALSE(IsReadable(*hangup, 20));
  host_.RemoveSysfs(kMdevFolder);
  ASSERT_TRUE(IsReadable(*hangup, kLongMs));
  EXPECT_EQ(hangup->reason(),
            std::string("mdev ") + kUuid + " is being removed");
}

TEST_F(LinkWatchTest, UnboundDeviceIsReportedAndNoOther) {
  const auto unbound = Watch(kPci);
  const auto stays = Watch(kUuid);
  host_.RemoveSysfs(kPciFolder + "/driver");
  watch_.CheckSoon();
  ASSERT_TRUE(IsReadable(*unbound, kLongMs));
  EXPECT_EQ(unbound->reason(), std::string("PCI device ") + kPci +
                                   " is being taken from its driver");
  EXPECT_FALSE(IsReadable(*stays));
}

TEST_F(LinkWatchTest, AnotherDriverIsNotTheOneThatWasWatched) {
  const auto hangup = Watch(kPci);
  host_.RemoveSysfs(kPciFolder + "/driver");
  host_.LinkSysfs(kPciFolder + "/driver", "bus/pci/drivers/i915");
  watch_.CheckSoon();
  EXPECT_TRUE(IsReadable(*hangup, kLongMs));
}

TEST_F(LinkWatchTest, LinkThatWentBeforeTheWatchBeganIsReported) {
  const auto link = FindDeviceLink(kUuid, host_.paths());
  ASSERT_TRUE(link.ok()) << link.status();
  host_.RemoveSysfs(kMdevFolder);
  const std::shared_ptr<HangupEvent> hangup = *HangupEvent::Create();
  watch_.Watch(*link, hangup);
  EXPECT_TRUE(IsReadable(*hangup, kLongMs));
}

TEST_F(LinkWatchTest, ThreadLivesOnlyWhileSomethingIsWatched) {
  const size_t before = ThreadCount();
  for (int round = 0; round < 3; ++round) {
    auto hangup = Watch(kUuid);
    EXPECT_EQ(ThreadCount(), before + 1);
    hangup.reset();
    watch_.CheckSoon();
    const Time deadline = Clock::now() + std::chrono::milliseconds(kLongMs);
    while (ThreadCount() != before && Clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(ThreadCount(), before);
  }
}

TEST_F(LinkWatchTest, WatchesComeAndGoOnManyThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int round = 0; round < 100; ++round) {
        const auto hangup = Watch(round % 2 == 0 ? kUuid : kPci);
        watch_.CheckSoon();
        EXPECT_FALSE(IsReadable(*hangup));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto hangup = Watch(kUuid);
  host_.RemoveSysfs(kMdevFolder);
  EXPECT_TRUE(IsReadable(*hangup, kLongMs));
}

TEST_F(LinkWatchTest, DeviceWithoutADriverIsNotTaken) {
  host_.RemoveSysfs(kPciFolder + "/driver");
  const auto unbound = FindDeviceLink(kPci, host_.paths());
  EXPECT_TRUE(absl::IsFailedPrecondition(unbound.status()));
  EXPECT_THAT(std::string(unbound.status().message()), HasSubstr("vfio-pci"));
  host_.RemoveSysfs(kPciFolder);
  EXPECT_TRUE(absl::IsNotFound(FindDeviceLink(kPci, host_.paths()).status()));
}

}  // namespace
}  // namespace oriel::capture
