#include "service/session/capture_loop.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/unique_fd.h"
#include "capture/display/fake_frame_source.h"
#include "service/session/lifecycle.h"

namespace oriel::session {
namespace {

using std::chrono::milliseconds;

class Recorder final : public CaptureLoop::Events {
 public:
  void OnAttached(const std::string&) override { Note("attached"); }
  void OnAttachFailed(const absl::Status& status) override {
    Note("failed: " + std::string(status.message()));
  }
  void OnScanned(uint64_t scan, absl::StatusOr<capture::Frame> frame) override {
    MutexLock lock(mutex_);
    last_scan_ = scan;
    damaged_ |=
        frame.ok() && frame->plane.on && scan > 1 && !frame->damage.empty();
    good_ += frame.ok() ? 1 : 0;
    bad_ += frame.ok() ? 0 : 1;
    changed_.NotifyAll();
  }
  void OnDetached(const absl::Status& status) override {
    Note("detached: " + std::string(status.message()));
  }

  std::vector<std::string> AwaitNotes(size_t count) {
    MutexLock lock(mutex_);
    while (notes_.size() < count) changed_.Wait(mutex_);
    return notes_;
  }
  void AwaitScan(uint64_t scan) {
    MutexLock lock(mutex_);
    while (last_scan_ < scan) changed_.Wait(mutex_);
  }
  void AwaitGood(int count) {
    MutexLock lock(mutex_);
    while (good_ < count) changed_.Wait(mutex_);
  }
  void AwaitDamage() {
    MutexLock lock(mutex_);
    while (!damaged_) changed_.Wait(mutex_);
  }
  void AwaitBad(int count) {
    MutexLock lock(mutex_);
    while (bad_ < count) changed_.Wait(mutex_);
  }

 private:
  void Note(const std::string& note) {
    MutexLock lock(mutex_);
    notes_.push_back(note);
    changed_.NotifyAll();
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> notes_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_scan_ ABSL_GUARDED_BY(mutex_) = 0;
  int good_ ABSL_GUARDED_BY(mutex_) = 0;
  bool damaged_ ABSL_GUARDED_BY(mutex_) = false;  // after the first scan
  int bad_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Notes how its source is asked.
class RecordingSource final : public capture::FrameSource {
 public:
  RecordingSource(std::unique_ptr<capture::FrameSource> source,
                  std::vector<capture::ScanRequest>* requests)
      : source_(std::move(source)), requests_(requests) {}
  absl::StatusOr<capture::Frame> Scan(
      const capture::ScanRequest& request) override {
    requests_->push_back(request);
    return source_->Scan(request);
  }
  bool IsAsScanned(Time now) override { return source_->IsAsScanned(now); }
  void Revoke() override { source_->Revoke(); }
  std::string description() const override { return source_->description(); }
  int hangup_fd() const override { return source_->hangup_fd(); }

 private:
  const std::unique_ptr<capture::FrameSource> source_;
  std::vector<capture::ScanRequest>* const requests_;
};

class CaptureLoopTest : public ::testing::Test {
 protected:
  CaptureLoopTest()
      : screen_(std::make_shared<capture::FakeScreen>(Size{64, 64})),
        lifecycle_(*Lifecycle::Start()),
        loop_({.display = "test",
               .max_rate_hz = 1000,
               .open = [this] { return Open(); },
               .first_attach_pause = milliseconds(1),
               .longest_attach_pause = milliseconds(2),
               .unreadable_retry = milliseconds(1)},
              lifecycle_.get(), &events_) {}
  ~CaptureLoopTest() override {
    screen_->UnblockScans();
    loop_.Stop();
    loop_.Join();
  }

  absl::StatusOr<std::unique_ptr<capture::FrameSource>> Open() {
    if (failures_ > 0) {
      --failures_;
      return absl::NotFoundError("no device");
    }
    return screen_->Open();
  }
  void StartAndRest() {
    loop_.Start();
    events_.AwaitScan(1);
  }

  const std::shared_ptr<capture::FakeScreen> screen_;
  std::atomic<int> failures_{0};
  Recorder events_;
  const std::unique_ptr<Lifecycle> lifecycle_;
  CaptureLoop loop_;
};

TEST_F(CaptureLoopTest, AttachedAndUnwatchedItScansOnceAndWhenAsked) {
  StartAndRest();
  for (uint64_t scan = 2; scan <= 4; ++scan) {
    EXPECT_EQ(loop_.RequestScan(), scan);
    events_.AwaitScan(scan);
    EXPECT_EQ(screen_->scans_begun(), static_cast<int64_t>(scan));
  }
}

TEST_F(CaptureLoopTest, WatchedItScansAgainAndAgainUntilNobodyWatches) {
  StartAndRest();
  for (int round = 0; round < 20; ++round) {
    loop_.SetWatched(true);
    screen_->AwaitFreshScan();
    screen_->AwaitFreshScan();
    loop_.SetWatched(false);
  }
  events_.AwaitScan(loop_.RequestScan());
}

TEST_F(CaptureLoopTest, FirstAndRequestedScansAreWholeAndWokenOnesSaySo) {
  std::vector<capture::ScanRequest> requests;
  Recorder events;
  CaptureLoop loop(
      {.display = "slow",
       .max_rate_hz = 1000,
       .open = [&]() -> absl::StatusOr<std::unique_ptr<capture::FrameSource>> {
         return std::make_unique<RecordingSource>(screen_->Open(), &requests);
       }},
      lifecycle_.get(), &events);
  screen_->SetPace(std::chrono::hours(1));
  loop.SetWatched(true);
  events.AwaitScan(1);
  loop.Wake();
  screen_->AwaitScansEnded(2);
  events.AwaitScan(loop.RequestScan());
  // Until the loop has rested between two watches: then nobody knows what the
  // screen shows.
  while (screen_->scans_ended() < 4) {
    loop.SetWatched(false);
    std::this_thread::yield();
    loop.SetWatched(true);
  }
  loop.Stop();
  loop.Join();
  ASSERT_GE(requests.size(), 4u);
  EXPECT_TRUE(requests[0].whole);
  EXPECT_FALSE(requests[1].whole);
  EXPECT_TRUE(requests[1].wake);
  EXPECT_TRUE(requests[2].whole);
  EXPECT_FALSE(requests[2].wake);
  EXPECT_TRUE(requests[3].whole);
}

TEST_F(CaptureLoopTest, WakingOftenScansNoMoreOftenThanTheRate) {
  Recorder events;
  CaptureLoop loop({.display = "rare",
                    .max_rate_hz = 1,
                    .open = [this] { return screen_->Open(); }},
                   lifecycle_.get(), &events);
  screen_->SetPace(std::chrono::hours(1));
  // Before the scan whose successor is waited for, however late this thread
  // hears of it.
  const Time begun = Clock::now();
  loop.SetWatched(true);
  events.AwaitScan(1);
  for (int i = 0; i < 1000; ++i) loop.Wake();
  const int64_t scans = screen_->scans_begun();
  if (Clock::now() - begun < milliseconds(900)) {
    EXPECT_EQ(scans, 1);
  }
  screen_->AwaitScansEnded(2);
  EXPECT_GE(Clock::now() - begun, milliseconds(1000));
  loop.Stop();
  loop.Join();
}

TEST_F(CaptureLoopTest, WhatIsNotNewIsToldNowAndThen) {
  StartAndRest();
  loop_.SetWatched(true);
  const Time begun = Clock::now();
  const int64_t before = screen_->scans_ended();
  events_.AwaitGood(3);
  const int64_t scans = screen_->scans_ended() - before;
  if (Clock::now() - begun < std::chrono::seconds(1)) {
    EXPECT_GT(scans, 3);
  }
  // A change is told at once, and so is what somebody asked for.
  screen_->Fill({1, 1, 1, 1}, 0xFF00FF00);
  events_.AwaitDamage();
  events_.AwaitScan(loop_.RequestScan());
}

TEST_F(CaptureLoopTest, WakingShortensNoPauseAfterAFailure) {
  Recorder events;
  CaptureLoop loop({.display = "failing",
                    .max_rate_hz = 1000,
                    .open = [this] { return screen_->Open(); },
                    .unreadable_retry = milliseconds(100)},
                   lifecycle_.get(), &events);
  loop.Start();
  events.AwaitScan(1);
  const Time begun = Clock::now();
  screen_->FailScans(absl::InvalidArgumentError("format"));
  loop.SetWatched(true);
  events.AwaitBad(1);
  loop.Wake();
  events.AwaitBad(2);
  EXPECT_GE(Clock::now() - begun, milliseconds(100));
  loop.Stop();
  loop.Join();
}

TEST_F(CaptureLoopTest, ADeviceThatDoesNotOpenIsTriedAgain) {
  failures_ = 3;
  StartAndRest();
  EXPECT_EQ(events_.AwaitNotes(4),
            (std::vector<std::string>{"failed: no device", "failed: no device",
                                      "failed: no device", "attached"}));
}

TEST_F(CaptureLoopTest, AHangupWhileNobodyWatchesDetachesAndAttachesAgain) {
  StartAndRest();
  screen_->HangUp();
  EXPECT_EQ(events_.AwaitNotes(3),
            (std::vector<std::string>{
                "attached", "detached: the device went away: fake screen",
                "attached"}));
  events_.AwaitScan(2);
  screen_->AwaitOpenSources(1);
}

// Tells when its device is closed, and by which thread. Hangs up by an fd of
// its own: no scan shall find its end first.
class ClosingSource final : public capture::FrameSource {
 public:
  struct Closed {
    Mutex mutex;
    CondVar changed;
    std::vector<std::thread::id> by ABSL_GUARDED_BY(mutex);
  };
  ClosingSource(std::unique_ptr<capture::FrameSource> source,
                bool hangs_up_at_once, Closed* closed)
      : source_(std::move(source)),
        hangup_fd_(eventfd(hangs_up_at_once ? 1 : 0, EFD_CLOEXEC)),
        closed_(closed) {}
  ~ClosingSource() override {
    MutexLock lock(closed_->mutex);
    closed_->by.push_back(std::this_thread::get_id());
    closed_->changed.NotifyAll();
  }
  absl::StatusOr<capture::Frame> Scan(
      const capture::ScanRequest& request) override {
    return source_->Scan(request);
  }
  bool IsAsScanned(Time now) override { return source_->IsAsScanned(now); }
  void Revoke() override { source_->Revoke(); }
  std::string description() const override { return source_->description(); }
  int hangup_fd() const override { return hangup_fd_.get(); }

 private:
  const std::unique_ptr<capture::FrameSource> source_;
  const UniqueFd hangup_fd_;
  Closed* const closed_;
};

// Whoever is told of the first device's end waits until it is closed.
class WaitingEvents final : public CaptureLoop::Events {
 public:
  explicit WaitingEvents(ClosingSource::Closed* closed) : closed_(closed) {}
  void OnAttached(const std::string&) override {
    MutexLock lock(closed_->mutex);
    ++attached_;
    closed_->changed.NotifyAll();
  }
  void OnAttachFailed(const absl::Status&) override {}
  void OnScanned(uint64_t, absl::StatusOr<capture::Frame>) override {}
  void OnDetached(const absl::Status&) override {
    MutexLock lock(closed_->mutex);
    // The second ends with the loop, in a scan that Stop interrupts.
    if (std::exchange(told_, true)) return;
    while (closed_->by.empty()) closed_->changed.Wait(closed_->mutex);
    EXPECT_NE(closed_->by.back(), std::this_thread::get_id())
        << "closing may take long";
    EXPECT_EQ(attached_, 1) << "attached again before its end was told";
  }
  void AwaitAttached(int count) {
    MutexLock lock(closed_->mutex);
    while (attached_ < count) closed_->changed.Wait(closed_->mutex);
  }

 private:
  ClosingSource::Closed* const closed_;
  int attached_ = 0;
  bool told_ = false;
};

TEST_F(CaptureLoopTest, ADeviceIsClosedByItsOwnThreadBeforeAnybodyIsTold) {
  for (const bool watched : {false, true}) {
    ClosingSource::Closed closed;
    WaitingEvents events(&closed);
    int opened = 0;
    CaptureLoop loop(
        {.display = "closing",
         .max_rate_hz = 1000,
         .open =
             [&]() -> absl::StatusOr<std::unique_ptr<capture::FrameSource>> {
           return std::make_unique<ClosingSource>(screen_->Open(),
                                                  ++opened == 1, &closed);
         },
         .first_attach_pause = milliseconds(1),
         .longest_attach_pause = milliseconds(2),
         .unreadable_retry = milliseconds(1)},
        lifecycle_.get(), &events);
    loop.SetWatched(watched);
    loop.Start();
    events.AwaitAttached(2);
    loop.Stop();
    loop.Join();
  }
}

TEST_F(CaptureLoopTest, ADeviceThatComesAndGoesIsAttachedLessAndLessOften) {
  Recorder events;
  CaptureLoop loop({.display = "fickle",
                    .max_rate_hz = 1000,
                    .open = [this] { return screen_->Open(); },
                    .first_attach_pause = milliseconds(1),
                    .longest_attach_pause = std::chrono::hours(1),
                    .unreadable_retry = milliseconds(1)},
                   lifecycle_.get(), &events);
  const Time begun = Clock::now();
  loop.Start();
  for (int round = 1; round <= 6; ++round) {
    events.AwaitGood(round);
    screen_->HangUp();
  }
  events.AwaitGood(7);
  // 1, 2, 4, 8, 16 and 32 ms: a pause is never shorter than it should be.
  EXPECT_GE(Clock::now() - begun, milliseconds(63));
  loop.Stop();
  loop.Join();
}

TEST_F(CaptureLoopTest, AScanThatFindsTheDeviceGoneDetaches) {
  StartAndRest();
  failures_ = 1;
  screen_->FailScans(absl::UnavailableError("memory is off"));
  loop_.RequestScan();
  const std::vector<std::string> notes = events_.AwaitNotes(3);
  EXPECT_EQ(notes[1], "detached: memory is off");
  EXPECT_EQ(notes[2], "failed: no device");
  screen_->FailScans(absl::OkStatus());
  loop_.SetWatched(true);
  events_.AwaitGood(3);
}

TEST_F(CaptureLoopTest, AHangupIsToldThoughTheScanNeverReturns) {
  StartAndRest();
  screen_->BlockScans();
  loop_.SetWatched(true);
  screen_->AwaitScansBegun(2);
  screen_->HangUp();
  EXPECT_EQ(events_.AwaitNotes(2)[1],
            "detached: the device went away: fake screen");
  EXPECT_EQ(screen_->open_sources(), 1);
  screen_->UnblockScans();
  EXPECT_EQ(events_.AwaitNotes(3)[2], "attached");
}

TEST_F(CaptureLoopTest, AnUnreadablePlaneIsScannedAgainWhileWatched) {
  StartAndRest();
  screen_->FailScans(absl::InvalidArgumentError("format"));
  loop_.SetWatched(true);
  events_.AwaitBad(3);
  screen_->FailScans(absl::OkStatus());
  events_.AwaitGood(2);
  EXPECT_EQ(events_.AwaitNotes(1).size(), 1u);
}

// A loop that looks all the time while nobody watches.
class UnwatchedLoopTest : public CaptureLoopTest {
 protected:
  UnwatchedLoopTest()
      : unwatched_({.display = "unwatched",
                    .max_rate_hz = 1000,
                    .open = [this] { return Open(); },
                    .first_attach_pause = milliseconds(1),
                    .longest_attach_pause = milliseconds(2),
                    .unreadable_retry = std::chrono::hours(1),
                    .unwatched_pause = milliseconds(1)},
                   lifecycle_.get(), &events_) {
    unwatched_.Start();
    events_.AwaitGood(1);
  }
  ~UnwatchedLoopTest() override {
    screen_->UnblockScans();
    unwatched_.Stop();
    unwatched_.Join();
  }

  // Returns once a look that began after this call has ended.
  void AwaitLook() { screen_->AwaitLooksBegun(screen_->looks_begun() + 2); }

  CaptureLoop unwatched_;
};

TEST_F(UnwatchedLoopTest, WhatIsAsItWasIsLookedAtAndNotScanned) {
  screen_->Fill({1, 1, 5, 5}, 0xFF00FF00);
  AwaitLook();
  EXPECT_EQ(screen_->scans_begun(), 1);
}

TEST_F(UnwatchedLoopTest, APlaneThatComesOrGoesIsScannedOnce) {
  screen_->TurnOff();
  events_.AwaitGood(2);
  AwaitLook();
  screen_->TurnOn();
  events_.AwaitGood(3);
  AwaitLook();
  EXPECT_EQ(screen_->scans_begun(), 3);
}

TEST_F(UnwatchedLoopTest, WhatCannotBeReadIsTriedUntilItCan) {
  screen_->FailScans(absl::InvalidArgumentError("format"));
  events_.AwaitBad(3);
  screen_->FailScans(absl::OkStatus());
  events_.AwaitGood(2);
}

TEST_F(UnwatchedLoopTest, ADeviceThatHasGoneIsNoticed) {
  screen_->FailScans(absl::UnavailableError("gone"));
  EXPECT_EQ(events_.AwaitNotes(2)[1], "detached: gone");
}

TEST_F(UnwatchedLoopTest, ALookThatNeverReturnsHoldsUpNoHangup) {
  screen_->BlockScans();
  screen_->AwaitStuckLook();
  screen_->HangUp();
  EXPECT_EQ(events_.AwaitNotes(2)[1],
            "detached: the device went away: fake screen");
}

TEST_F(UnwatchedLoopTest, WhoComesBackGetsAWholeScanAtOnce) {
  AwaitLook();
  unwatched_.SetWatched(true);
  events_.AwaitGood(2);
}

TEST_F(CaptureLoopTest, StopEndsALoopThatStillTriesToAttach) {
  failures_ = 1 << 30;
  loop_.Start();
  events_.AwaitNotes(2);
  loop_.Stop();
  loop_.Join();
}

}  // namespace
}  // namespace oriel::session
