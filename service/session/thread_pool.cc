#include "service/session/thread_pool.h"

#include <pthread.h>

#include <utility>

namespace oriel::session {

ThreadPool::ThreadPool(const std::string& name, int thread_count) {
  for (int i = 0; i < thread_count; ++i) {
    threads_.emplace_back([this] { Run(); });
    ::pthread_setname_np(threads_.back().native_handle(),
                         name.substr(0, 15).c_str());
  }
}

bool ThreadPool::Submit(std::function<void()> task) {
  MutexLock lock(mutex_);
  if (stopping_) return false;
  tasks_.push_back(std::move(task));
  changed_.NotifyOne();
  return true;
}

void ThreadPool::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void ThreadPool::Run() {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(mutex_);
      while (tasks_.empty() && !stopping_) changed_.Wait(mutex_);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace oriel::session
