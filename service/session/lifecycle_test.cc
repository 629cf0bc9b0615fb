#include "service/session/lifecycle.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <memory>

namespace oriel::session {
namespace {

class LifecycleTest : public ::testing::Test {
 protected:
  LifecycleTest() : lifecycle_(*Lifecycle::Start()) {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ours_.reset(fds[0]);
    peer_.reset(fds[1]);
  }

  std::unique_ptr<Lifecycle> lifecycle_;
  UniqueFd ours_;
  UniqueFd peer_;
};

TEST_F(LifecycleTest, ASocketWhosePeerClosesIsReportedOnce) {
  std::promise<void> hung_up;  // a second call would throw
  lifecycle_->Watch(ours_.get(), [&] { hung_up.set_value(); });
  peer_.reset();
  hung_up.get_future().wait();
}

TEST_F(LifecycleTest, AReplyOnASocketIsNoHangup) {
  bool reported = false;
  const uint64_t id = lifecycle_->Watch(ours_.get(), [&] { reported = true; });
  ASSERT_EQ(::write(peer_.get(), "x", 1), 1);
  // Reported later than the socket would have been: same thread, one by one.
  const UniqueFd event(::eventfd(1, EFD_CLOEXEC));
  std::promise<void> event_seen;
  lifecycle_->Watch(event.get(), [&] { event_seen.set_value(); });
  event_seen.get_future().wait();
  lifecycle_->Unwatch(id);
  EXPECT_FALSE(reported);
}

TEST_F(LifecycleTest, AfterUnwatchNoCallBeginsAndNoneIsUnderWay) {
  std::promise<void> entered;
  std::promise<void> release;
  bool ended = false;
  const uint64_t id = lifecycle_->Watch(ours_.get(), [&] {
    entered.set_value();
    release.get_future().wait();
    ended = true;
  });
  peer_.reset();
  entered.get_future().wait();
  std::future<void> unwatched =
      std::async(std::launch::async, [&] { lifecycle_->Unwatch(id); });
  release.set_value();
  unwatched.wait();
  EXPECT_TRUE(ended);
}

TEST_F(LifecycleTest, NothingToPollIsNeverReported) {
  lifecycle_->Unwatch(lifecycle_->Watch(-1, [] { ADD_FAILURE(); }));
}

}  // namespace
}  // namespace oriel::session
