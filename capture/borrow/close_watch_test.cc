#include "capture/borrow/close_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "capture/borrow/scripted_host.h"

namespace oriel::capture {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr pid_t kVmm = 7;
constexpr int kContainer = 4;
constexpr int kOtherFile = 5;

class CloseWatchTest : public ::testing::Test {
 protected:
  CloseWatchTest() {
    host_.AddProcess(kVmm, "qemu-system-x86");
    host_.HoldContainer(kVmm, kContainer);
    host_.HoldGroup(kVmm, kOtherFile, "12");
    // Another VMM's of which nothing was borrowed.
    host_.AddProcess(8, "qemu-system-x86");
    host_.HoldContainer(8, kContainer);
    watch_.Add(kVmm, {.others = {{kContainer, "/dev/vfio/vfio"},
                                 {kOtherFile, "/dev/vfio/12"},
                                 {99, "/dev/vfio/vfio"}}});
    EXPECT_TRUE(watch_.IsDue(now_));
    watch_.Looked(Duration::zero(), now_);
  }

  ScriptedHost host_;
  CloseWatch watch_{&host_};
  Time now_ = Clock::now();
};

TEST_F(CloseWatchTest, LooksTwoHundredTimesASecond) {
  EXPECT_EQ(watch_.due(), now_ + milliseconds(5));
  EXPECT_FALSE(watch_.IsDue(now_ + milliseconds(4)));
  EXPECT_TRUE(watch_.IsDue(now_ + milliseconds(5)));
}

TEST_F(CloseWatchTest, LooksAtOnceWhenAContainerWasClosedAndOftenForAMoment) {
  EXPECT_GE(watch_.hint_fd(now_), 0);
  host_.CloseFile(kVmm, kOtherFile);
  EXPECT_FALSE(watch_.IsDue(now_));
  host_.CloseFile(8, kContainer);
  EXPECT_FALSE(watch_.IsDue(now_));
  host_.CloseFile(kVmm, kContainer);
  EXPECT_TRUE(watch_.IsDue(now_));
  watch_.Looked(Duration::zero(), now_);
  EXPECT_EQ(watch_.due(), now_ + milliseconds(1));
  now_ += milliseconds(10);
  EXPECT_TRUE(watch_.IsDue(now_));
  watch_.Looked(Duration::zero(), now_);
  EXPECT_EQ(watch_.due(), now_ + milliseconds(5));
}

TEST_F(CloseWatchTest, WhoClosesContainersAllTheTimeCostsNoMoreThanThat) {
  for (int i = 0; i < 1000; ++i, now_ += microseconds(10)) {
    host_.HoldContainer(kVmm, kContainer);
    watch_.Add(kVmm, {.others = {{kContainer, "/dev/vfio/vfio"}}});
    host_.CloseFile(kVmm, kContainer);
    if (i == 0) {
      EXPECT_TRUE(watch_.IsDue(now_));
      watch_.Looked(Duration::zero(), now_);
    }
    EXPECT_EQ(watch_.hint_fd(now_), -1) << "to be waited for";
    if (watch_.IsDue(now_)) watch_.Looked(Duration::zero(), now_);
    EXPECT_GT(watch_.due(), now_);
  }
}

TEST_F(CloseWatchTest, LooksThatTakeLongAreSeldomer) {
  watch_.Looked(microseconds(200), now_);
  EXPECT_EQ(watch_.due(), now_ + milliseconds(20));
  watch_.Looked(milliseconds(200), now_);
  EXPECT_EQ(watch_.due(), now_ + milliseconds(50));
}

TEST_F(CloseWatchTest, WaitsForNoHintWhenNothingIsBorrowed) {
  watch_.Clear();
  EXPECT_EQ(watch_.hint_fd(now_), -1);
}

TEST(RealCloseEvents, ComeWithTheLastCloseOfAFileAndAreTakenOnce) {
  const char* folder = std::getenv("TEST_TMPDIR");
  const std::string path =
      std::string(folder == nullptr ? "/tmp" : folder) + "/closed";
  UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(file.valid());
  UniqueFd copy(fcntl(file.get(), F_DUPFD_CLOEXEC, 0));
  Host& host = Host::Real();
  const auto events = host.NewCloseEvents();
  ASSERT_TRUE(events.ok()) << events.status();
  // As a VMM's file is reached.
  const std::string own = "/proc/self/fd/" + std::to_string(file.get());
  ASSERT_TRUE(host.AddCloseEvents(events->get(), own).ok());
  file.reset();
  EXPECT_FALSE(host.TakeCloseEvents(events->get()));
  copy.reset();
  pollfd request = {events->get(), POLLIN, 0};
  EXPECT_EQ(poll(&request, 1, 60'000), 1);
  EXPECT_TRUE(host.TakeCloseEvents(events->get()));
  EXPECT_FALSE(host.TakeCloseEvents(events->get()));
  EXPECT_FALSE(host.AddCloseEvents(events->get(), "/no/such/file").ok());
}

}  // namespace
}  // namespace oriel::capture
