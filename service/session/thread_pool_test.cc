#include "service/session/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>

#include <future>
#include <vector>

namespace oriel::session {
namespace {

TEST(ThreadPoolTest, OneThreadRunsTasksInTheirOrder) {
  std::vector<int> order;
  ThreadPool pool("test", 1);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(pool.Submit([&order, i] { order.push_back(i); }));
  }
  pool.Stop();
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST(ThreadPoolTest, ABlockedTaskLeavesTheOtherThreadsFree) {
  ThreadPool pool("test", 2);
  std::promise<void> release;
  pool.Submit([&release] { release.get_future().wait(); });
  std::promise<void> ran;
  pool.Submit([&ran] { ran.set_value(); });
  ran.get_future().wait();
  release.set_value();
}

TEST(ThreadPoolTest, AfterStopTasksAreRefusedAndNotRun) {
  ThreadPool pool("test", 2);
  pool.Stop();
  bool ran = false;
  EXPECT_FALSE(pool.Submit([&ran] { ran = true; }));
  pool.Stop();
  EXPECT_FALSE(ran);
}

TEST(ThreadPoolTest, ForEachCallsEachTaskOnceAndWaitsForAll) {
  ThreadPool pool("test", 3);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::atomic<int>> calls(17);
    pool.ForEach(17, [&](int i) { ++calls[static_cast<size_t>(i)]; });
    for (const auto& count : calls) EXPECT_EQ(count.load(), 1);
  }
}

TEST(ThreadPoolTest, ForEachFromThePoolsOwnThreadsDoesNotWaitForItself) {
  ThreadPool pool("test", 2);
  std::atomic<int> calls{0};
  // Each of the pool's threads is in a ForEach of its own.
  pool.ForEach(4, [&](int) { pool.ForEach(4, [&](int) { ++calls; }); });
  EXPECT_EQ(calls.load(), 16);
}

TEST(ThreadPoolTest, ForEachWorksAfterStop) {
  ThreadPool pool("test", 2);
  pool.Stop();
  int calls = 0;
  pool.ForEach(3, [&](int) { ++calls; });
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace oriel::session
