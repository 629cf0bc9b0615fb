#include "base/stop_guard.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "gtest/gtest.h"

namespace oriel {
namespace {

using testing::ExitedWithCode;

std::unique_ptr<StopGuard> Guard(StopGuardOptions options) {
  options.program = "tested";
  auto guard = StopGuard::Start(std::move(options));
  if (!guard.ok()) _exit(99);
  return *std::move(guard);
}

// Each is a process of its own, which the signals are for.

void EndInOrder(int number) {
  const auto guard = Guard({});
  kill(getpid(), number);
  _exit(guard->AwaitStop() == number ? 0 : 1);
}

TEST(StopGuardTest, EachStopSignalIsHeardAndDoesNotKill) {
  EXPECT_EXIT(EndInOrder(SIGINT), ExitedWithCode(0), "");
  EXPECT_EXIT(EndInOrder(SIGTERM), ExitedWithCode(0), "");
  EXPECT_EXIT(EndInOrder(SIGHUP), ExitedWithCode(0), "");
}

void KeepAHangUpIgnored() {
  signal(SIGHUP, SIG_IGN);
  const auto guard = Guard({});
  kill(getpid(), SIGHUP);
  kill(getpid(), SIGTERM);
  _exit(guard->AwaitStop() == SIGTERM ? 0 : 1);
}

TEST(StopGuardTest, AHangUpThatNohupIgnoresStaysIgnored) {
  EXPECT_EXIT(KeepAHangUpIgnored(), ExitedWithCode(0), "");
}

void PollTheWish() {
  const auto guard = Guard({});
  pollfd fd = {guard->stop_fd(), POLLIN, 0};
  if (poll(&fd, 1, 0) != 0) _exit(1);
  kill(getpid(), SIGTERM);
  poll(&fd, 1, -1);
  _exit((fd.revents & POLLIN) != 0 ? 0 : 2);
}

TEST(StopGuardTest, TheWishCanBePolledFor) {
  EXPECT_EXIT(PollTheWish(), ExitedWithCode(0), "");
}

// As timeout(1) does, and more often, all at one time.
void HearRepeats() {
  const auto guard = Guard({.now = [] { return Time(std::chrono::hours(1)); }});
  kill(getpid(), SIGTERM);
  guard->AwaitStop();
  for (int i = 0; i < 20; ++i) kill(getpid(), i % 2 == 0 ? SIGTERM : SIGINT);
  // What was sent is taken before the guard goes.
  sigset_t pending;
  do {
    sigpending(&pending);
  } while (sigismember(&pending, SIGTERM) == 1 ||
           sigismember(&pending, SIGINT) == 1);
  _exit(0);
}

TEST(StopGuardTest, ARepeatIsTheSameWish) {
  EXPECT_EXIT(HearRepeats(), ExitedWithCode(0), "");
}

[[noreturn]] void Hang() {
  for (;;) pause();
}

void HangUntilASecondSignal() {
  const auto guard = Guard({});
  kill(getpid(), SIGTERM);
  guard->AwaitStop();
  guard->SetStep("asking a device");
  for (;;) {
    std::this_thread::sleep_for(StopSequence::kRepeatWindow);
    kill(getpid(), SIGTERM);
  }
}

TEST(StopGuardTest, ASecondSignalEndsAtOnceAndSaysWhatWasUnderWay) {
  EXPECT_EXIT(HangUntilASecondSignal(), ExitedWithCode(128 + SIGTERM),
              "tested: ends at once, as a second signal asked; it was still "
              "asking a device, threads: ");
}

void HangForGood() {
  const auto guard =
      Guard({.patience = std::chrono::milliseconds(1),
             .on_forced_end = [] { std::fputs("last act\n", stderr); }});
  kill(getpid(), SIGINT);
  Hang();
}

TEST(StopGuardTest, AnEndThatHangsIsForcedAndToldAfterTheLastAct) {
  EXPECT_EXIT(HangForGood(), ExitedWithCode(1),
              "last act\ntested: did not end within 0 s; it was still running");
}

void HangAtItsOwnEnd() {
  const auto guard = Guard({.patience = std::chrono::milliseconds(1)});
  guard->BeginEnd();
  Hang();
}

TEST(StopGuardTest, AnEndWithoutASignalIsBoundedToo) {
  EXPECT_EXIT(HangAtItsOwnEnd(), ExitedWithCode(1), "did not end within");
}

// Nobody reads what it has to say: it ends all the same.
void HangWithAFullLog() {
  int ends[2];
  if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0) _exit(99);
  const auto guard = Guard({.patience = std::chrono::milliseconds(1)});
  std::thread([] {
    for (;;) std::fputs("a line that nobody reads\n", stderr);
  }).detach();
  pollfd log = {STDERR_FILENO, POLLOUT, 0};
  while (poll(&log, 1, 0) == 1) std::this_thread::yield();
  kill(getpid(), SIGTERM);
  Hang();
}

TEST(StopGuardTest, ALogThatNobodyReadsHoldsUpNothing) {
  EXPECT_EXIT(HangWithAFullLog(), ExitedWithCode(1), "");
}

void HaveNobodyToTell() {
  const auto guard = Guard({.on_stop = [] { return false; }});
  kill(getpid(), SIGINT);
  Hang();
}

TEST(StopGuardTest, WhereNobodyCanEndInOrderTheProcessEnds) {
  EXPECT_EXIT(HaveNobodyToTell(), ExitedWithCode(128 + SIGINT), "^$");
}

}  // namespace
}  // namespace oriel
