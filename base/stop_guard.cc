#include "base/stop_guard.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/start_thread.h"
#include "base/status_macros.h"

namespace oriel {
namespace {

constexpr int kExitFailure = 1;
constexpr char kThreadName[] = "stop-guard";
// What a shell adds to the number of the signal that ended a program.
constexpr int kSignalExitCode = 128;

sigset_t StopSet() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  // nohup(1) ignores it, and that wish holds.
  struct sigaction hangup {};
  if (sigaction(SIGHUP, nullptr, &hangup) != 0 ||
      hangup.sa_handler != SIG_IGN) {
    sigaddset(&set, SIGHUP);
  }
  return set;
}

int PauseMs(Time deadline, Time now) {
  if (deadline == Time::max()) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 60'000));
}

// The reader of the log may be what hangs: said only if that costs no time.
void SayIfPossible(const std::string& line) {
  pollfd out = {STDERR_FILENO, POLLOUT, 0};
  if (poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

absl::StatusOr<std::unique_ptr<StopGuard>> StopGuard::Start(
    StopGuardOptions options) {
  const sigset_t set = StopSet();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  UniqueFd signals(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  UniqueFd wake(eventfd(0, EFD_CLOEXEC));
  UniqueFd stop(eventfd(0, EFD_CLOEXEC));
  if (!signals.valid() || !wake.valid() || !stop.valid()) {
    return absl::ErrnoToStatus(errno, "wait for signals to stop");
  }
  std::unique_ptr<StopGuard> guard(
      new StopGuard(std::move(options), std::move(signals), std::move(wake),
                    std::move(stop)));
  ASSIGN_OR_RETURN(
      guard->thread_,
      StartThread(kThreadName, [guard = guard.get()] { guard->Watch(); }));
  return guard;
}

StopGuard::StopGuard(StopGuardOptions options, UniqueFd signals, UniqueFd wake,
                     UniqueFd stop)
    : options_(std::move(options)),
      signals_(std::move(signals)),
      wake_(std::move(wake)),
      stop_(std::move(stop)) {}

StopGuard::~StopGuard() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    over_ = true;
  }
  eventfd_write(wake_.get(), 1);
  thread_.join();
}

void StopGuard::BeginEnd() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  eventfd_write(wake_.get(), 1);
}

int StopGuard::AwaitStop() {
  MutexLock lock(mutex_);
  while (number_ == 0) changed_.Wait(mutex_);
  return number_;
}

void StopGuard::SetStep(std::string step) {
  MutexLock lock(mutex_);
  step_ = std::move(step);
}

void StopGuard::Watch() {
  while (true) {
    pollfd fds[] = {{signals_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    const int ready =
        poll(fds, std::size(fds), PauseMs(deadline_, options_.now()));
    if (ready > 0 && fds[1].revents != 0 && !OnWake()) return;
    if (options_.now() >= deadline_) {
      ForceEnd(kExitFailure,
               absl::StrFormat("did not end within %d s",
                               std::chrono::duration_cast<std::chrono::seconds>(
                                   options_.patience)
                                   .count()));
    }
    signalfd_siginfo info{};
    if (ready > 0 && read(signals_.get(), &info, sizeof(info)) > 0) {
      OnSignal(static_cast<int>(info.ssi_signo));
    }
  }
}

bool StopGuard::OnWake() {
  eventfd_t ignored = 0;
  eventfd_read(wake_.get(), &ignored);
  MutexLock lock(mutex_);
  if (ending_ && options_.patience != Duration::max()) {
    deadline_ = std::min(deadline_, options_.now() + options_.patience);
  }
  return !over_;
}

void StopGuard::OnSignal(int number) {
  const Time now = options_.now();
  switch (sequence_.OnSignal(now)) {
    case StopSequence::Meaning::kRepeat:
      return;
    case StopSequence::Meaning::kEndNow:
      ForceEnd(kSignalExitCode + number,
               "ends at once, as a second signal asked");
    case StopSequence::Meaning::kStop:
      break;
  }
  if (options_.patience != Duration::max()) {
    deadline_ = std::min(deadline_, now + options_.patience);
  }
  if (options_.on_stop && !options_.on_stop()) {
    ForceEnd(kSignalExitCode + number, "");
  }
  eventfd_write(stop_.get(), 1);
  MutexLock lock(mutex_);
  number_ = number;
  changed_.NotifyAll();
}

void StopGuard::ForceEnd(int exit_code, const std::string& why) {
  if (options_.on_forced_end) options_.on_forced_end();
  if (!why.empty()) {
    const char* priority =
        std::getenv("JOURNAL_STREAM") == nullptr ? "" : "<3>";
    SayIfPossible(absl::StrFormat("%s%s: %s; %s\n", priority, options_.program,
                                  why, StillRunning()));
  }
  _exit(exit_code);
}

// The kernel knows the threads' names, whatever holds them.
std::string StopGuard::StillRunning() {
  std::string step;
  {
    MutexLock lock(mutex_);
    step = step_;
  }
  std::set<std::string> names;
  std::error_code error;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task", error)) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    if (!name.empty() && name != kThreadName) names.insert(name);
  }
  return absl::StrFormat("it was still %s, threads: %s",
                         step.empty() ? "running" : step,
                         absl::StrJoin(names, ", "));
}

}  // namespace oriel
