#include "service/offers/lease.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "base/picture/picture.h"
#include "capture/display/fake_frame_source.h"

namespace oriel::offers {
namespace {

using ::testing::HasSubstr;

// A "device" whose every open copy can be noticed from the pipe's other end.
class LeaseTest : public ::testing::Test {
 protected:
  LeaseTest() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    other_end_ = UniqueFd(ends[0]);
    auto lease = Lease::Create(UniqueFd(ends[1]), [this] { ++overs_; });
    EXPECT_TRUE(lease.ok()) << lease.status();
    lease_ = *lease;
  }

  bool IsOpenSomewhere() const {
    pollfd poll = {.fd = other_end_.get(), .events = POLLIN};
    return ::poll(&poll, 1, 0) == 0;
  }
  static bool IsHungUp(const capture::FrameSource& source) {
    pollfd poll = {.fd = source.hangup_fd(), .events = POLLIN};
    return ::poll(&poll, 1, 0) == 1;
  }

  // Keeps the fd as a device does.
  class Source final : public capture::FrameSource {
   public:
    Source(UniqueFd fd, std::unique_ptr<capture::FrameSource> screen)
        : fd_(std::move(fd)), screen_(std::move(screen)) {}
    absl::StatusOr<capture::Frame> Scan(
        const capture::ScanRequest& request) override {
      return screen_->Scan(request);
    }
    bool IsAsScanned(Time now) override { return screen_->IsAsScanned(now); }
    void Revoke() override { screen_->Revoke(); }
    std::string description() const override { return "a test's"; }
    int hangup_fd() const override { return -1; }

   private:
    const UniqueFd fd_;
    const std::unique_ptr<capture::FrameSource> screen_;
  };
  absl::StatusOr<std::unique_ptr<capture::FrameSource>> Open() {
    return lease_->Open(
        [this](UniqueFd fd)
            -> absl::StatusOr<std::unique_ptr<capture::FrameSource>> {
          return std::make_unique<Source>(std::move(fd), screen_->Open());
        });
  }

  const std::shared_ptr<capture::FakeScreen> screen_ =
      std::make_shared<capture::FakeScreen>(Size{64, 32});
  UniqueFd other_end_;
  int overs_ = 0;
  std::shared_ptr<Lease> lease_;
};

TEST_F(LeaseTest, ItsEndIsOverWhenTheLastSourceHasGone) {
  auto first = Open();
  auto second = Open();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE((*first)->Scan(Clock::now()).ok());
  EXPECT_FALSE(IsHungUp(**first));
  lease_->End("win11 (pid 4711) ended");
  EXPECT_TRUE(IsHungUp(**first));
  EXPECT_TRUE(IsHungUp(**second));
  EXPECT_EQ((*first)->hangup_reason(), "win11 (pid 4711) ended");
  first->reset();
  EXPECT_EQ(overs_, 0);
  EXPECT_FALSE(lease_->over_since().has_value());
  EXPECT_TRUE(IsOpenSomewhere());
  second->reset();
  EXPECT_EQ(overs_, 1);
  EXPECT_TRUE(lease_->over_since().has_value());
  EXPECT_FALSE(IsOpenSomewhere());
}

TEST_F(LeaseTest, WithoutASourceItIsOverAtOnce) {
  lease_->End("ended");
  EXPECT_FALSE(IsOpenSomewhere());
  EXPECT_EQ(overs_, 1);
  lease_->End("ended again");
  EXPECT_EQ(overs_, 1);
  EXPECT_EQ(Open().status(), absl::UnavailableError("ended"));
}

TEST_F(LeaseTest, ItsEndClosesItsOwnFdEvenWhileOneIsBeingOpened) {
  const auto opened = lease_->Open(
      [this](UniqueFd fd)
          -> absl::StatusOr<std::unique_ptr<capture::FrameSource>> {
        lease_->End("meanwhile");
        EXPECT_TRUE(IsOpenSomewhere());
        fd.reset();
        EXPECT_FALSE(IsOpenSomewhere());
        EXPECT_EQ(overs_, 0);
        return absl::InvalidArgumentError("no VFIO device");
      });
  EXPECT_EQ(opened.status(), absl::InvalidArgumentError("no VFIO device"));
  EXPECT_EQ(overs_, 1);
}

TEST_F(LeaseTest, ASourceThatWasOpenedTooLateIsHungUpFromTheStart) {
  const auto opened = lease_->Open([this](UniqueFd) {
    lease_->End("meanwhile");
    return screen_->Open();
  });
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(IsHungUp(**opened));
}

TEST_F(LeaseTest, AScanThatFailsAfterTheEndTellsItsReason) {
  auto source = Open();
  ASSERT_TRUE(source.ok());
  screen_->FailScans(absl::UnavailableError("EIO"));
  EXPECT_EQ((*source)->Scan(Clock::now()).status(),
            absl::UnavailableError("EIO"));
  lease_->End("win11 ended");
  EXPECT_THAT(std::string((*source)->Scan(Clock::now()).status().message()),
              HasSubstr("win11 ended"));
}

}  // namespace
}  // namespace oriel::offers
