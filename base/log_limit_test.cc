#include "base/log_limit.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace oriel {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Time kStart = Time{} + hours(100);

TEST(LogLimitTest, SaysAFaultOnceHoweverLongItLasts) {
  LogLimit limit;
  int said = 0;
  for (int i = 0; i < 100'000; ++i) {
    said += limit.Admit("Input/output error", kStart + seconds(2 * i)) ? 1 : 0;
  }
  EXPECT_EQ(said, 1);
}

TEST(LogLimitTest, SaysAnotherFaultAtOnceWithTheCountOfWhatWasNotSaid) {
  LogLimit limit;
  EXPECT_EQ(limit.Admit("busy", kStart), "");
  EXPECT_EQ(limit.Admit("busy", kStart), std::nullopt);
  EXPECT_EQ(limit.Admit("busy", kStart), std::nullopt);
  EXPECT_EQ(limit.Admit("gone", kStart), " unsaid=2");
  EXPECT_EQ(limit.Admit("later", kStart), "");
}

TEST(LogLimitTest, FaultsThatTakeTurnsAreSaidOnceEach) {
  LogLimit limit;
  int said = 0;
  for (int i = 0; i < 1000; ++i) {
    said += limit.Admit(i % 2 == 0 ? "a" : "b", kStart + seconds(i)) ? 1 : 0;
  }
  EXPECT_EQ(said, 2);
}

TEST(LogLimitTest, AFaultThatStayedAwayOrEndedIsNews) {
  LogLimit limit;
  EXPECT_EQ(limit.Admit("busy", kStart), "");
  EXPECT_EQ(limit.Admit("busy", kStart + minutes(9)), std::nullopt);
  EXPECT_EQ(limit.Admit("busy", kStart + minutes(19)), " unsaid=1");
  EXPECT_EQ(limit.Admit("busy", kStart + minutes(20)), std::nullopt);
  EXPECT_EQ(limit.End(), " unsaid=1");
  EXPECT_EQ(limit.Admit("busy", kStart + minutes(20)), "");
}

TEST(LogLimitTest, TextsThatAreAlwaysNewAreBounded) {
  LogLimit limit;
  int said = 0;
  for (int i = 0; i < 36'000; ++i) {
    const Time now = kStart + std::chrono::milliseconds(100 * i);
    said += limit.Admit("pid " + std::to_string(i), now) ? 1 : 0;
  }
  // Twenty, and one in each of 60 minutes.
  EXPECT_GE(said, 70);
  EXPECT_LE(said, 80);
}

TEST(LogLimitTest, AClockAtItsBeginningIsNoFault) {
  LogLimit limit;
  EXPECT_EQ(limit.Admit("busy", Time{} + seconds(3)), "");
}

}  // namespace
}  // namespace oriel
