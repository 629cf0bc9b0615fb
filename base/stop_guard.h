#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/stop_sequence.h"
#include "base/unique_fd.h"

namespace oriel {

struct StopGuardOptions {
  std::string program;  // for its last words
  // How long an end may take from the first signal on. Then what still runs is
  // named on standard error, and the process ends with exit code 1.
  Duration patience = Duration::max();
  // At the first signal, on the guard's thread; must return at once. False:
  // nobody can end in order, so the process ends now. Empty: somebody can.
  std::function<bool()> on_stop;
  // Right before the process ends out of order. Must not wait for anything.
  std::function<void()> on_forced_end;
  Time (*now)() = &Clock::now;  // a test's own
};

// Hears SIGINT, SIGTERM and SIGHUP (unless nohup ignores it) for the whole
// process, and sees to it that the process ends, whatever hangs. A second
// signal, but for a repeat of the first, ends it at once, with 128 + the
// signal's number. Make it before any other thread. Thread-safe.
class StopGuard {
 public:
  // Errors: the system has no thread or fd left.
  static absl::StatusOr<std::unique_ptr<StopGuard>> Start(
      StopGuardOptions options);
  // Nothing is guarded any more; the signals stay blocked.
  ~StopGuard();
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

  // Polls as readable from the first signal on.
  int stop_fd() const { return stop_.get(); }
  // Waits for the first signal; its number.
  int AwaitStop();

  // The process ends by itself, as though a signal had come: the patience
  // begins.
  void BeginEnd();
  // What the end is at, such as "ending the streams", for the last words.
  void SetStep(std::string step);

 private:
  StopGuard(StopGuardOptions options, UniqueFd signals, UniqueFd wake,
            UniqueFd stop);
  void Watch();
  void OnSignal(int number);
  // False: the guard goes.
  bool OnWake();
  [[noreturn]] void ForceEnd(int exit_code, const std::string& why);
  std::string StillRunning();

  const StopGuardOptions options_;
  const UniqueFd signals_;
  const UniqueFd wake_;
  const UniqueFd stop_;
  // Only used by the guard's thread.
  StopSequence sequence_;
  Time deadline_ = Time::max();

  Mutex mutex_;
  CondVar changed_;
  int number_ ABSL_GUARDED_BY(mutex_) = 0;  // of the first signal; 0: none yet
  std::string step_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;  // the guard goes
  std::thread thread_;
};

}  // namespace oriel
