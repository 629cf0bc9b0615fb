#include "service/interruptible_open.h"

#include <poll.h>

#include <future>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "base/clock.h"
#include "capture/display/fake_frame_source.h"
#include "gtest/gtest.h"

namespace oriel::service {
namespace {

using Source = absl::StatusOr<std::unique_ptr<capture::FrameSource>>;

void Await(const Interrupt& interrupt) {
  pollfd fd = {interrupt->get(), POLLIN, 0};
  poll(&fd, 1, -1);
}

bool IsInterrupted(const Interrupt& interrupt) {
  pollfd fd = {interrupt->get(), POLLIN, 0};
  return poll(&fd, 1, 0) == 1;
}

TEST(InterruptibleOpensTest, TheEndInterruptsWhatIsBeingOpened) {
  InterruptibleOpens opens;
  std::promise<void> opening;
  std::thread opener([&] {
    const Source source = opens.Run([&](const Interrupt& interrupt) -> Source {
      opening.set_value();
      Await(interrupt);
      return absl::UnavailableError("interrupted");
    });
    EXPECT_EQ(source.status(), absl::UnavailableError("interrupted"));
  });
  opening.get_future().wait();
  opens.End();
  opener.join();
}

TEST(InterruptibleOpensTest, NothingIsOpenedAfterTheEnd) {
  InterruptibleOpens opens;
  opens.End();
  const Source source = opens.Run([](const Interrupt&) -> Source {
    ADD_FAILURE() << "it was opened";
    return absl::InternalError("");
  });
  EXPECT_TRUE(absl::IsUnavailable(source.status()));
}

TEST(InterruptibleOpensTest, RevokeInterruptsAnOpenSourceAndOnlyThat) {
  InterruptibleOpens opens;
  const auto screen = std::make_shared<capture::FakeScreen>(Size{8, 8});
  Interrupt interrupts[2];
  const auto open = [&](Interrupt& kept) {
    return opens.Run([&](const Interrupt& interrupt) -> Source {
      kept = interrupt;
      return screen->Open();
    });
  };
  const Source first = open(interrupts[0]);
  const Source second = open(interrupts[1]);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE((*first)->Scan(capture::ScanRequest(Clock::now())).ok());
  opens.End();
  EXPECT_FALSE(IsInterrupted(interrupts[0])) << "its streams end first";
  (*first)->Revoke();
  EXPECT_TRUE(IsInterrupted(interrupts[0]));
  EXPECT_FALSE(IsInterrupted(interrupts[1]));
}

}  // namespace
}  // namespace oriel::service
