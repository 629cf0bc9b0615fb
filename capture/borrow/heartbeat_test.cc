#include "capture/borrow/heartbeat.h"

#include <gtest/gtest.h>

namespace oriel::capture {
namespace {

TEST(Heartbeat, PingsAgainAWhileAfterEachAnswer) {
  Heartbeat heartbeat;
  Time now = Clock::now();
  heartbeat.Begin(now);
  for (uint64_t serial = 1; serial <= 3; ++serial) {
    EXPECT_EQ(heartbeat.due(), now);
    EXPECT_EQ(heartbeat.Due(now), Ping{serial});
    EXPECT_EQ(heartbeat.Due(now + kBorrowSilence), std::nullopt) << "one only";
    heartbeat.Receive(Pong{serial}, now);
    EXPECT_TRUE(heartbeat.has_answered());
    EXPECT_EQ(heartbeat.Due(now), std::nullopt);
    now += kBorrowPingPause;
  }
}

TEST(Heartbeat, SilenceIsALateAnswerOfWhoAnsweredBefore) {
  Heartbeat heartbeat;
  Time now = Clock::now();
  heartbeat.Begin(now);
  heartbeat.Due(now);
  // Whoever has not answered yet has been given nothing.
  EXPECT_FALSE(heartbeat.IsSilent(now + 10 * kBorrowSilence));
  EXPECT_EQ(heartbeat.due(), Time::max());
  heartbeat.Receive(Pong{1}, now);
  EXPECT_FALSE(heartbeat.IsSilent(now + 10 * kBorrowSilence));
  now = heartbeat.due();
  heartbeat.Due(now);
  EXPECT_FALSE(heartbeat.IsSilent(now));
  heartbeat.Receive(Pong{1}, now);  // of another ping
  EXPECT_EQ(heartbeat.due(), now + kBorrowSilence);
  EXPECT_TRUE(heartbeat.IsSilent(heartbeat.due()));
  heartbeat.Receive(Pong{2}, now);
  EXPECT_FALSE(heartbeat.IsSilent(now + 10 * kBorrowSilence));
}

TEST(Heartbeat, APingThatCannotBeSentIsTriedAgainAndCountsAsUnanswered) {
  Heartbeat heartbeat;
  Time now = Clock::now();
  heartbeat.Begin(now);
  heartbeat.Due(now);
  heartbeat.NotSent(now);
  EXPECT_EQ(heartbeat.due(), now + kBorrowPingPause);
  now = heartbeat.due();
  EXPECT_EQ(heartbeat.Due(now), Ping{2});
  heartbeat.Receive(Pong{2}, now);
  now = heartbeat.due();
  for (const Time begin = now; now < begin + kBorrowSilence;) {
    EXPECT_FALSE(heartbeat.IsSilent(now));
    EXPECT_TRUE(heartbeat.Due(now).has_value());
    heartbeat.NotSent(now);
    now = heartbeat.due();
  }
  EXPECT_TRUE(heartbeat.IsSilent(now));
}

TEST(Heartbeat, BeginsAnewWithAnotherConnection) {
  Heartbeat heartbeat;
  const Time now = Clock::now();
  heartbeat.Begin(now);
  heartbeat.Due(now);
  heartbeat.Receive(Pong{1}, now);
  heartbeat.Begin(now);
  EXPECT_FALSE(heartbeat.has_answered());
  EXPECT_EQ(heartbeat.Due(now), Ping{2});
}

}  // namespace
}  // namespace oriel::capture
