#include "service/watchdog.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <set>
#include <utility>

#include "base/mutex.h"

namespace oriel::service {

struct Watchdog::State {
  Mutex mutex;
  CondVar changed;
  bool stopping ABSL_GUARDED_BY(mutex) = false;
  std::set<std::string> awaited ABSL_GUARDED_BY(mutex);  // names of parts
};

Watchdog::Watchdog(std::vector<WatchedPart> parts, Duration pause,
                   std::function<void()> ping)
    : parts_(std::move(parts)),
      pause_(pause),
      ping_(std::move(ping)),
      state_(std::make_shared<State>()),
      thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "watchdog");
}

Watchdog::~Watchdog() {
  {
    MutexLock lock(state_->mutex);
    state_->stopping = true;
    state_->changed.NotifyAll();
  }
  thread_.join();
}

void Watchdog::Run() {
  while (true) {
    {
      MutexLock lock(state_->mutex);
      for (const WatchedPart& part : parts_) state_->awaited.insert(part.name);
    }
    for (const WatchedPart& part : parts_) {
      part.ask([state = state_, name = part.name] {
        MutexLock lock(state->mutex);
        state->awaited.erase(name);
        state->changed.NotifyAll();
      });
    }
    if (!AwaitAnswers()) return;
    ping_();
    MutexLock lock(state_->mutex);
    const Time next = Clock::now() + pause_;
    while (!state_->stopping && Clock::now() < next) {
      state_->changed.WaitUntil(state_->mutex, next);
    }
  }
}

bool Watchdog::AwaitAnswers() {
  const Time late = Clock::now() + pause_;
  bool told = false;
  MutexLock lock(state_->mutex);
  while (!state_->stopping && !state_->awaited.empty()) {
    if (told) {
      state_->changed.Wait(state_->mutex);
    } else if (!state_->changed.WaitUntil(state_->mutex, late) &&
               Clock::now() >= late) {
      told = true;
      for (const std::string& name : state_->awaited) {
        spdlog::error("event=part_hangs part={}", name);
      }
    }
  }
  if (told && state_->awaited.empty()) spdlog::info("event=part_goes_on");
  return !state_->stopping;
}

}  // namespace oriel::service
