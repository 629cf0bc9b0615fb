#include "base/mutex.h"

#include <chrono>
#include <thread>

#include "gtest/gtest.h"

namespace oriel {
namespace {

TEST(CondVarTest, WaitGivesTheMutexBackWhileItWaits) {
  Mutex mutex;
  CondVar changed;
  bool ready = false;
  std::thread other([&] {
    MutexLock lock(mutex);
    ready = true;
    changed.NotifyAll();
  });
  {
    MutexLock lock(mutex);
    while (!ready) changed.Wait(mutex);
    EXPECT_TRUE(ready);
  }
  other.join();
}

TEST(CondVarTest, WaitUntilSaysWhenTheDeadlineCameFirst) {
  Mutex mutex;
  CondVar never;
  MutexLock lock(mutex);
  const auto deadline = std::chrono::steady_clock::now();
  while (never.WaitUntil(mutex, deadline)) {
  }
  SUCCEED();
}

}  // namespace
}  // namespace oriel
