#pragma once

#include <functional>
#include <map>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"

namespace oriel::session {

// One thread that calls functions at their time; they return at once. The
// queue's bound is its users': a lane has at most one heartbeat and one
// keyframe waiting, a display one trim and a minute's attachments. Thread-safe.
class Timer {
 public:
  Timer();
  ~Timer() { Stop(); }

  // After Stop has begun the call never comes.
  void CallAt(Time time, std::function<void()> call);
  // Drops what waits, joins.
  void Stop();

 private:
  void Run();

  Mutex mutex_;
  CondVar changed_;
  std::multimap<Time, std::function<void()>> calls_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace oriel::session
