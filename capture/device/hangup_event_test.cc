#include "capture/device/hangup_event.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace oriel::capture {
namespace {

bool IsReadable(int fd) {
  pollfd event = {.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&event, 1, 0) == 1;
}

TEST(HangupEventTest, IsSilentUntilSomethingIsReported) {
  const auto event = HangupEvent::Create();
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_FALSE(IsReadable((*event)->fd()));
  EXPECT_EQ((*event)->reason(), "");
}

TEST(HangupEventTest, FirstReasonCountsAndStays) {
  const auto event = HangupEvent::Create();
  ASSERT_TRUE(event.ok()) << event.status();
  (*event)->Report("first");
  (*event)->Report("second");
  EXPECT_TRUE(IsReadable((*event)->fd()));
  EXPECT_EQ((*event)->reason(), "first");
}

TEST(HangupEventTest, DriversOwnSignalHasItsReasonWhateverIsReportedLater) {
  const auto event = HangupEvent::Create();
  ASSERT_TRUE(event.ok()) << event.status();
  ASSERT_EQ(eventfd_write((*event)->fd(), 1), 0);
  EXPECT_EQ((*event)->reason(), HangupEvent::kDriverAsks);
  (*event)->Report("its link is gone");
  EXPECT_EQ((*event)->reason(), HangupEvent::kDriverAsks);
}

TEST(HangupEventTest, ManyThreadsReportOneReason) {
  const auto event = HangupEvent::Create();
  ASSERT_TRUE(event.ok()) << event.status();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back(
        [&, i] { (*event)->Report("reason " + std::to_string(i)); });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string reason = (*event)->reason();
  EXPECT_EQ(reason.substr(0, 7), "reason ");
  EXPECT_EQ((*event)->reason(), reason);
}

}  // namespace
}  // namespace oriel::capture
