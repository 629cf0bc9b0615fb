#include "service/session/timer.h"

#include <pthread.h>

#include <utility>

namespace oriel::session {

Timer::Timer() : thread_([this] { Run(); }) {
  ::pthread_setname_np(thread_.native_handle(), "session-timer");
}

void Timer::CallAt(Time time, std::function<void()> call) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  calls_.emplace(time, std::move(call));
  changed_.NotifyOne();
}

void Timer::Stop() {
  std::multimap<Time, std::function<void()>> dropped;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    dropped.swap(calls_);
    changed_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void Timer::Run() {
  while (true) {
    std::function<void()> call;
    {
      MutexLock lock(mutex_);
      while (true) {
        if (stopping_) return;
        if (calls_.empty()) {
          changed_.Wait(mutex_);
        } else if (Clock::now() < calls_.begin()->first) {
          const Time next = calls_.begin()->first;
          changed_.WaitUntil(mutex_, next);
        } else {
          break;
        }
      }
      call = std::move(calls_.begin()->second);
      calls_.erase(calls_.begin());
    }
    call();
  }
}

}  // namespace oriel::session
