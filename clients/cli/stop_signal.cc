#include "clients/cli/stop_signal.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

namespace oriel::clients {
namespace {

// What a shell reports for a program that SIGINT ended.
constexpr int kInterruptedExitCode = 130;

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

void Watch(int signals, int wake, StopSignal& stop) {
  for (bool first = true;; first = false) {
    pollfd waiting[] = {{signals, POLLIN, 0}, {wake, POLLIN, 0}};
    while (poll(waiting, 2, -1) < 0) {
    }
    if (waiting[1].revents != 0) return;
    signalfd_siginfo info{};
    if (read(signals, &info, sizeof(info)) < 0) continue;
    if (!first || !stop.Trigger()) _exit(kInterruptedExitCode);
  }
}

}  // namespace

bool StopSignal::Trigger() {
  MutexLock lock(mutex_);
  triggered_ = true;
  told_ |= on_trigger_ != nullptr;
  if (on_trigger_) std::exchange(on_trigger_, nullptr)();
  return told_;
}

bool StopSignal::triggered() const {
  MutexLock lock(mutex_);
  return triggered_;
}

void StopSignal::Tell(std::function<void()> on_trigger) {
  MutexLock lock(mutex_);
  on_trigger_ = std::move(on_trigger);
  if (triggered_ && on_trigger_) std::exchange(on_trigger_, nullptr)();
}

SignalWatcher::SignalWatcher(StopSignal& stop) {
  const sigset_t set = StopSet();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_.reset(signalfd(-1, &set, SFD_CLOEXEC));
  wake_.reset(eventfd(0, EFD_CLOEXEC));
  thread_ = std::thread([signals = signals_.get(), wake = wake_.get(), &stop] {
    Watch(signals, wake, stop);
  });
}

SignalWatcher::~SignalWatcher() {
  const uint64_t one = 1;
  // Cannot fail: the counter was 0.
  [[maybe_unused]] const ssize_t written =
      write(wake_.get(), &one, sizeof(one));
  thread_.join();
}

}  // namespace oriel::clients
