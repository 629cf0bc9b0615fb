#include "service/session/link_rate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>

namespace oriel::session {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr size_t kMessageBytes = 24 * 1024;

struct Link {
  const char* name;
  double bytes_per_s;
  Duration round_trip;
  // How long a message takes to make.
  Duration encode = milliseconds(1);
  // Of the viewer; zero: at once.
  Duration acknowledge_after{};
  // Every so many acknowledgements one is late by this.
  int hiccup_every = 1 << 30;
  Duration hiccup{};
  size_t message_bytes = kMessageBytes;
};

Duration Seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(seconds));
}

// What a viewer of 24 messages behind that link is judged to be, where at most
// four and what came are under way.
std::optional<double> RateOf(const Link& link) {
  LinkRate rate;
  Time now{};
  Time sender_free{};
  Time link_free{};
  std::deque<std::pair<Time, uint64_t>> acknowledgements;
  Time last_acknowledgement{};
  for (uint64_t sent = 1; sent <= 24; ++sent) {
    now = std::max(now, sender_free);
    while (!acknowledgements.empty() &&
           (acknowledgements.front().first <= now ||
            rate.under_way_bytes() >=
                4 * link.message_bytes + rate.received_bytes())) {
      now = std::max(now, acknowledgements.front().first);
      EXPECT_TRUE(rate.Received(acknowledgements.front().second,
                                acknowledgements.front().first));
      acknowledgements.pop_front();
    }
    rate.Sent(link.message_bytes, /*catch_up=*/true);
    sender_free = now + link.encode;
    link_free = std::max(link_free, now) +
                Seconds(double(link.message_bytes) / link.bytes_per_s);
    Time back = link_free + link.round_trip + link.acknowledge_after;
    if (sent % link.hiccup_every == 0) back += link.hiccup;
    back = std::max(back, last_acknowledgement);
    // One acknowledgement is for all that came until it left.
    if (link.acknowledge_after > Duration() && !acknowledgements.empty() &&
        link_free + link.round_trip <= acknowledgements.back().first) {
      acknowledgements.back().second = sent;
      continue;
    }
    last_acknowledgement = back;
    acknowledgements.emplace_back(back, sent);
  }
  return rate.bytes_per_s();
}

TEST(LinkRateTest, ASlowLinkIsKnownWhateverItsRoundTripAndHabits) {
  const Link slow[] = {
      {"10 Mbit/s", 1.25e6, milliseconds(1)},
      {"10 Mbit/s far away", 1.25e6, milliseconds(200)},
      {"1 Mbit/s", 125e3, milliseconds(30)},
      {"50 Mbit/s", 6.25e6, milliseconds(20)},
      {"10 Mbit/s with hiccups",
       1.25e6,
       milliseconds(10),
       milliseconds(1),
       {},
       5,
       milliseconds(30)},
      {"1 Mbit/s, acknowledged late", 125e3, milliseconds(30), milliseconds(1),
       milliseconds(200)},
  };
  for (const Link& link : slow) {
    const auto rate = RateOf(link);
    ASSERT_TRUE(rate.has_value()) << link.name;
    EXPECT_GT(*rate, link.bytes_per_s * 0.6) << link.name;
    EXPECT_LT(*rate, link.bytes_per_s * 1.7) << link.name;
  }
}

TEST(LinkRateTest, AFastLinkIsNeverCalledSlow) {
  const Link fast[] = {
      {"loopback", 2e9, microseconds(100)},
      {"1 Gbit/s", 125e6, milliseconds(1)},
      {"1 Gbit/s far away", 125e6, milliseconds(150)},
      {"loopback with hiccups",
       2e9,
       microseconds(100),
       milliseconds(1),
       {},
       3,
       milliseconds(40)},
      {"1 Gbit/s far away with hiccups",
       125e6,
       milliseconds(100),
       milliseconds(1),
       {},
       5,
       milliseconds(40)},
      {"loopback, acknowledged late", 2e9, microseconds(100), milliseconds(1),
       milliseconds(200)},
      {"far away, acknowledged late", 125e6, milliseconds(100), milliseconds(1),
       milliseconds(200)},
      {"small messages",
       125e6,
       milliseconds(20),
       milliseconds(1),
       {},
       1 << 30,
       {},
       500},
  };
  for (const Link& link : fast) {
    const auto rate = RateOf(link);
    if (rate.has_value()) {
      EXPECT_GT(*rate, 8e6) << link.name;
    }
  }
  EXPECT_TRUE(RateOf(fast[2]).has_value());
}

TEST(LinkRateTest, WhatIsSentForCurrentViewersSaysNothing) {
  LinkRate rate;
  Time now{};
  for (uint64_t sent = 1; sent < 20; ++sent) {
    rate.Sent(40'000, /*catch_up=*/false);
    now += milliseconds(33);
    // Always one under way.
    EXPECT_TRUE(rate.Received(sent - 1, now));
  }
  EXPECT_FALSE(rate.bytes_per_s().has_value());
  EXPECT_EQ(rate.under_way_bytes(), 0u);
}

TEST(LinkRateTest, CountsGoOnAfterSomethingWasForgotten) {
  LinkRate rate;
  for (int i = 0; i < 3; ++i) rate.Sent(kMessageBytes, true);
  EXPECT_TRUE(rate.Received(1, {}));
  EXPECT_EQ(rate.under_way_bytes(), 2 * kMessageBytes);
  rate.Forget();
  EXPECT_EQ(rate.under_way_bytes(), 0u);
  rate.Sent(kMessageBytes, true);
  EXPECT_TRUE(rate.Received(3, {}));
  EXPECT_EQ(rate.under_way_bytes(), kMessageBytes);
  EXPECT_TRUE(rate.Received(4, {}));
  EXPECT_EQ(rate.under_way_bytes(), 0u);
  EXPECT_FALSE(rate.Received(5, {}));
}

}  // namespace
}  // namespace oriel::session
