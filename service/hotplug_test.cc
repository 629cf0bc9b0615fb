#include "service/hotplug.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace oriel::service {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const char kUuid[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
const std::string kMdevPath =
    std::string("/devices/virtual/mdpy/mdpy/") + kUuid;
const char kPciPath[] = "/devices/pci0000:00/0000:00:02.0";

// What the kernel would tell; the test keeps it while Hotplug listens.
class Script {
 public:
  using Answer = absl::StatusOr<std::optional<capture::Uevent>>;

  int fd() const { return fd_.get(); }
  void Tell(Answer answer) {
    MutexLock lock(mutex_);
    answers_.push_back(std::move(answer));
    eventfd_write(fd_.get(), 1);
  }
  size_t size() {
    MutexLock lock(mutex_);
    return answers_.size();
  }
  Answer Take() {
    MutexLock lock(mutex_);
    if (answers_.empty()) {
      eventfd_t count = 0;
      eventfd_read(fd_.get(), &count);
      return std::nullopt;
    }
    Answer answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

 private:
  const UniqueFd fd_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  Mutex mutex_;
  std::deque<Answer> answers_ ABSL_GUARDED_BY(mutex_);
};

class ScriptedSource : public capture::UeventSource {
 public:
  explicit ScriptedSource(Script* script) : script_(script) {}
  int fd() const override { return script_->fd(); }
  Script::Answer Receive() override { return script_->Take(); }

 private:
  Script* const script_;
};

class HotplugTest : public ::testing::Test {
 protected:
  HotplugTest() {
    hotplug_.Expect("83B8F4F2-509F-382F-3C1E-E6BFE0FA1001", "desk");
    hotplug_.Expect("00:02.0", "igd");
    hotplug_.Expect("no device's name", "nothing");
  }

  void Start() {
    hotplug_.Start(std::make_unique<ScriptedSource>(&script_),
                   [this](const std::string& display) {
                     MutexLock lock(mutex_);
                     woken_.push_back(display);
                     changed_.NotifyAll();
                   });
  }
  // Waits for so many, at most for long.
  std::vector<std::string> Woken(size_t count) {
    MutexLock lock(mutex_);
    const Time deadline = Clock::now() + std::chrono::seconds(120);
    while (woken_.size() < count && Clock::now() < deadline)
      changed_.WaitUntil(mutex_, deadline);
    return woken_;
  }

  Script script_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> woken_ ABSL_GUARDED_BY(mutex_);
  Hotplug hotplug_;
};

TEST_F(HotplugTest, DeviceThatComesWakesItsDisplayAtOnceAndALittleLater) {
  Start();
  script_.Tell(capture::Uevent{"bind", "mdev", kMdevPath});
  EXPECT_THAT(Woken(4), ElementsAre("desk", "desk", "desk", "desk"));
}

TEST_F(HotplugTest, OtherDevicesAndActionsWakeNobody) {
  Start();
  script_.Tell(capture::Uevent{
      "bind", "mdev", "/devices/00000000-509f-382f-3c1e-e6bfe0fa1001"});
  script_.Tell(capture::Uevent{"change", "mdev", kMdevPath});
  script_.Tell(capture::Uevent{"remove", "mdev", kMdevPath});
  script_.Tell(capture::Uevent{"add", "drm", kMdevPath});
  script_.Tell(capture::Uevent{"add", "vfio-dev",
                               std::string(kPciPath) + "/vfio-dev/vfio0"});
  EXPECT_THAT(Woken(1), ElementsAre("igd"));
}

TEST_F(HotplugTest, LostEventsWakeEverybody) {
  Start();
  script_.Tell(absl::DataLossError("too many"));
  EXPECT_THAT(Woken(2), UnorderedElementsAre("desk", "igd"));
}

TEST_F(HotplugTest, FloodOfEventsLeavesOneRoundOfAttempts) {
  for (int i = 0; i < 1000; ++i)
    script_.Tell(capture::Uevent{"add", "mdev", kMdevPath});
  Start();
  Woken(4);
  hotplug_.Stop();
  // Each of the four bunches in which they are taken may wake it once.
  EXPECT_LE(Woken(0).size(), 8u);
}

TEST_F(HotplugTest, SourceThatFailsIsLeftAlone) {
  Start();
  script_.Tell(absl::InternalError("the socket broke"));
  const Time deadline = Clock::now() + std::chrono::seconds(120);
  while (script_.size() > 0 && Clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  script_.Tell(capture::Uevent{"add", "mdev", kMdevPath});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  hotplug_.Stop();
  EXPECT_EQ(script_.size(), 1u);
  EXPECT_THAT(Woken(0), IsEmpty());
}

TEST_F(HotplugTest, DoesWithoutUevents) {
  hotplug_.Start(absl::PermissionDeniedError("no AF_NETLINK"),
                 [](const std::string&) { FAIL(); });
  hotplug_.Stop();
}

TEST(HotplugWithoutDevicesTest, DoesNotListen) {
  Script script;
  script.Tell(absl::DataLossError("would wake"));
  Hotplug hotplug;
  hotplug.Start(std::make_unique<ScriptedSource>(&script),
                [](const std::string&) { FAIL(); });
  hotplug.Stop();
  EXPECT_FALSE(script.Take().ok()) << "nobody took it";
}

}  // namespace
}  // namespace oriel::service
