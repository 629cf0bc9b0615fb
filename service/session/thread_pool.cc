#include "service/session/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

namespace oriel::session {

ThreadPool::ThreadPool(const std::string& name, int max_threads)
    : name_(name.substr(0, 15)), max_threads_(max_threads) {}

bool ThreadPool::Submit(std::function<void()> task) {
  MutexLock lock(mutex_);
  if (stopping_) return false;
  tasks_.push_back(std::move(task));
  if (tasks_.size() > free_threads_ && std::ssize(threads_) < max_threads_) {
    StartThread();
  }
  changed_.NotifyOne();
  return true;
}

void ThreadPool::StartThread() {
  threads_.emplace_back([this] { Run(); });
  ::pthread_setname_np(threads_.back().native_handle(), name_.c_str());
}

namespace {

// Tasks of one ForEach, shared with threads that may come when all is done.
struct Batch {
  Batch(int count, const std::function<void(int)>& task)
      : count(count), task(&task) {}

  // Does what nobody has begun.
  void Help() {
    for (int i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      (*task)(i);
      MutexLock lock(mutex);
      if (++done == count) all_done.NotifyAll();
    }
  }

  const int count;
  // Lives while a task is still to be done.
  const std::function<void(int)>* const task;
  std::atomic<int> next{0};
  Mutex mutex;
  CondVar all_done;
  int done ABSL_GUARDED_BY(mutex) = 0;
};

}  // namespace

void ThreadPool::ForEach(int count, const std::function<void(int)>& task) {
  const auto batch = std::make_shared<Batch>(count, task);
  const int helpers = std::min(count, max_threads_) - 1;
  for (int i = 0; i < helpers; ++i) {
    if (!Submit([batch] { batch->Help(); })) break;
  }
  batch->Help();
  MutexLock lock(batch->mutex);
  while (batch->done < count) batch->all_done.Wait(batch->mutex);
}

void ThreadPool::Stop() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads) thread.join();
}

void ThreadPool::Run() {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(mutex_);
      ++free_threads_;
      while (tasks_.empty() && !stopping_) changed_.Wait(mutex_);
      --free_threads_;
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace oriel::session
