#include "clients/cli/stop_signal.h"

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

}  // namespace
}  // namespace oriel::clients
