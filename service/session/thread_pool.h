#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace oriel::session {

// Threads that run tasks in the order of their submission; one is started when
// a task finds none free, up to a bound, and stays.
// The queue's bound is its submitters': a lane has at most one step and one
// catch-up submitted, a viewer one write, a display its few snapshots; so
// nothing is dropped before Stop. Thread-safe.
class ThreadPool {
 public:
  // `name` is what `top -H` shows, at most 15 characters.
  ThreadPool(const std::string& name, int max_threads);
  ~ThreadPool() { Stop(); }

  // False, and the task is gone, once Stop has begun.
  bool Submit(std::function<void()> task);
  // Calls task(0) to task(count - 1) on the caller's thread and on those of the
  // pool that are free; returns when all have returned. From any thread.
  void ForEach(int count, const std::function<void(int)>& task);
  // Runs what was submitted before, then joins. Not from a pool's thread.
  void Stop();

 private:
  void StartThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();

  const std::string name_;
  const int max_threads_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  size_t free_threads_ ABSL_GUARDED_BY(mutex_) = 0;  // wait for a task
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oriel::session
