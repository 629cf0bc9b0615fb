#include "service/session/thread_pool.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace oriel::session
