#include "service/watchdog.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace oriel::service {
namespace {

using std::chrono::milliseconds;

// Parts that answer when the test says so.
class WatchdogTest : public ::testing::Test {
 protected:
  WatchedPart Part(const char* name) {
    return {name, [this](std::function<void()> answer) {
              MutexLock lock(mutex_);
              asked_.push_back(std::move(answer));
              changed_.NotifyAll();
            }};
  }
  std::unique_ptr<Watchdog> Start(std::vector<WatchedPart> parts) {
    return std::make_unique<Watchdog>(std::move(parts), milliseconds(1),
                                      [this] {
                                        MutexLock lock(mutex_);
                                        ++pings_;
                                        changed_.NotifyAll();
                                      });
  }
  std::function<void()> AwaitAsked(size_t count) {
    MutexLock lock(mutex_);
    while (asked_.size() < count) changed_.Wait(mutex_);
    return asked_[count - 1];
  }
  void AwaitPings(int count) {
    MutexLock lock(mutex_);
    while (pings_ < count) changed_.Wait(mutex_);
  }
  int pings() {
    MutexLock lock(mutex_);
    return pings_;
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<std::function<void()>> asked_ ABSL_GUARDED_BY(mutex_);
  int pings_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST_F(WatchdogTest, PingsOnceAllPartsHaveAnsweredAndAsksAgain) {
  const auto watchdog = Start({Part("door"), Part("offers")});
  for (int round = 1; round <= 3; ++round) {
    AwaitAsked(2 * round);
    AwaitAsked(2 * round - 1)();
    EXPECT_EQ(pings(), round - 1);
    AwaitAsked(2 * round)();
    AwaitPings(round);
  }
}

TEST_F(WatchdogTest, NoPingComesAndNothingIsAskedWhileAPartHangs) {
  int busy_rounds = 0;
  const auto watchdog = Start({Part("hangs")});
  // Others go round meanwhile.
  Watchdog other({{"quick", [](std::function<void()> answer) { answer(); }}},
                 milliseconds(1), [&] {
                   MutexLock lock(mutex_);
                   ++busy_rounds;
                   changed_.NotifyAll();
                 });
  {
    MutexLock lock(mutex_);
    while (busy_rounds < 20) changed_.Wait(mutex_);
    EXPECT_EQ(pings_, 0);
    EXPECT_EQ(asked_.size(), 1u);
  }
  AwaitAsked(1)();
  AwaitPings(1);
}

TEST_F(WatchdogTest, EndsThoughAPartHangsAndItsAnswerMayComeLater) {
  auto watchdog = Start({Part("hangs")});
  const std::function<void()> answer = AwaitAsked(1);
  watchdog.reset();
  answer();
  EXPECT_EQ(pings(), 0);
}

}  // namespace
}  // namespace oriel::service
