#include "clients/cli/stop_signal.h"

#include <signal.h>
#include <unistd.h>

#include <future>

#include "gtest/gtest.h"

namespace oriel::clients {
namespace {

TEST(StopSignalTest, TellsOnceWhoeverCameFirst) {
  StopSignal stop;
  int told = 0;
  EXPECT_FALSE(stop.triggered());
  stop.Tell([&] { ++told; });
  EXPECT_TRUE(stop.Trigger());
  EXPECT_TRUE(stop.Trigger());
  EXPECT_EQ(told, 1);
  stop.Tell([&] { ++told; });
  EXPECT_EQ(told, 2);
  EXPECT_TRUE(stop.triggered());
}

TEST(StopSignalTest, SaysWhenNobodyWasTold) {
  StopSignal stop;
  EXPECT_FALSE(stop.Trigger());
}

void ExitWhenTold(int signal_number) {
  StopSignal stop;
  const SignalWatcher watcher(stop);
  std::promise<void> told;
  stop.Tell([&] { told.set_value(); });
  kill(getpid(), signal_number);
  told.get_future().wait();
  _exit(7);
}

void WaitForEver(int signal_number) {
  StopSignal stop;
  const SignalWatcher watcher(stop);
  kill(getpid(), signal_number);
  for (;;) pause();
}

TEST(SignalWatcherDeathTest, ASignalIsToldAndDoesNotKill) {
  EXPECT_EXIT(ExitWhenTold(SIGINT), ::testing::ExitedWithCode(7), "");
  EXPECT_EXIT(ExitWhenTold(SIGTERM), ::testing::ExitedWithCode(7), "");
}

TEST(SignalWatcherDeathTest, ASignalThatNobodyIsToldOfEndsTheProcess) {
  EXPECT_EXIT(WaitForEver(SIGINT), ::testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace oriel::clients
