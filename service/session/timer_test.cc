#include "service/session/timer.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <vector>

namespace oriel::session {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(TimerTest, CallsComeInTheOrderOfTheirTimes) {
  Timer timer;
  const Time now = Clock::now();
  std::vector<int> order;
  std::promise<void> done;
  timer.CallAt(now + milliseconds(4), [&] {
    order.push_back(2);
    done.set_value();
  });
  timer.CallAt(now + milliseconds(2), [&] { order.push_back(1); });
  timer.CallAt(now + hours(1), [&] { order.push_back(3); });
  done.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(TimerTest, ACallCanAskForTheNextOne) {
  Timer timer;
  std::promise<void> done;
  timer.CallAt(Clock::now(),
               [&] { timer.CallAt(Clock::now(), [&] { done.set_value(); }); });
  done.get_future().wait();
}

TEST(TimerTest, StopLetsGoOfWhatStillWaits) {
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = held;
  Timer timer;
  timer.CallAt(Clock::now() + hours(1), [held = std::move(held)] {});
  timer.Stop();
  EXPECT_TRUE(watch.expired());
  timer.CallAt(Clock::now(), [] { ADD_FAILURE(); });
}

}  // namespace
}  // namespace oriel::session
