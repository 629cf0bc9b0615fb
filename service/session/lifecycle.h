#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <thread>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/unique_fd.h"

namespace oriel::session {

// One thread that notices when devices go, also while nobody watches them.
// Thread-safe.
class Lifecycle {
 public:
  static absl::StatusOr<std::unique_ptr<Lifecycle>> Start();
  ~Lifecycle() { Stop(); }

  // `on_hangup` is called once, on the lifecycle thread, after `fd` was hung
  // up; for what is not a socket also after it became readable (pidfd, event):
  // a socket is readable with every reply. A negative fd, or one that cannot
  // be polled, is never reported. `fd` stays open until Forget or Unwatch.
  uint64_t Watch(int fd, std::function<void()> on_hangup);
  // No call begins any more; one may be under way until Unwatch.
  void Forget(uint64_t id);
  // Waits for a call under way: not from inside one, not while holding what
  // it needs.
  void Unwatch(uint64_t id);
  void Stop();

 private:
  struct Watched {
    int fd;
    std::function<void()> on_hangup;
  };

  Lifecycle(UniqueFd epoll, UniqueFd wake);
  void Run();
  void Report(uint64_t id);
  void ForgetLocked(uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const UniqueFd epoll_;
  const UniqueFd wake_;
  Mutex mutex_;
  CondVar idle_;
  std::map<uint64_t, Watched> watched_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t calling_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: no call under way
  std::thread thread_;
};

}  // namespace oriel::session
