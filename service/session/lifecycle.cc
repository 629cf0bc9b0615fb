#include "service/session/lifecycle.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "absl/status/status.h"

namespace oriel::session {
namespace {

constexpr uint64_t kWake = 0;  // no watch has this id

uint32_t HangupEvents(int fd) {
  struct stat info = {};
  const bool is_socket = ::fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode);
  const uint32_t events = EPOLLHUP | EPOLLRDHUP | EPOLLERR;
  return is_socket ? events : events | EPOLLIN;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Lifecycle>> Lifecycle::Start() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) {
    return absl::ErrnoToStatus(errno, "create an epoll instance");
  }
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC));
  if (!wake.valid()) return absl::ErrnoToStatus(errno, "create an eventfd");
  epoll_event event = {.events = EPOLLIN, .data = {.u64 = kWake}};
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return absl::ErrnoToStatus(errno, "add an eventfd to an epoll instance");
  }
  return std::unique_ptr<Lifecycle>(
      new Lifecycle(std::move(epoll), std::move(wake)));
}

Lifecycle::Lifecycle(UniqueFd epoll, UniqueFd wake)
    : epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      thread_([this] { Run(); }) {
  ::pthread_setname_np(thread_.native_handle(), "lifecycle");
}

uint64_t Lifecycle::Watch(int fd, std::function<void()> on_hangup) {
  MutexLock lock(mutex_);
  const uint64_t id = ++last_id_;
  if (fd < 0) return id;
  watched_[id] = {fd, std::move(on_hangup)};
  epoll_event event = {.events = HangupEvents(fd), .data = {.u64 = id}};
  // Fails for what cannot be polled, which then never hangs up.
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    watched_.erase(id);
  }
  return id;
}

void Lifecycle::Unwatch(uint64_t id) {
  MutexLock lock(mutex_);
  while (calling_ == id) idle_.Wait(mutex_);
  ForgetLocked(id);
}

void Lifecycle::Forget(uint64_t id) {
  MutexLock lock(mutex_);
  ForgetLocked(id);
}

void Lifecycle::ForgetLocked(uint64_t id) {
  const auto found = watched_.find(id);
  if (found == watched_.end()) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second.fd, nullptr);
  watched_.erase(found);
}

void Lifecycle::Stop() {
  if (!thread_.joinable()) return;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void Lifecycle::Run() {
  while (true) {
    epoll_event events[16];
    const int count = ::epoll_wait(epoll_.get(), events, 16, -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.u64 == kWake) return;
      Report(events[i].data.u64);
    }
  }
}

void Lifecycle::Report(uint64_t id) {
  std::function<void()> on_hangup;
  {
    MutexLock lock(mutex_);
    const auto found = watched_.find(id);
    if (found == watched_.end()) return;  // unwatched since epoll_wait
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second.fd, nullptr);
    on_hangup = std::move(found->second.on_hangup);
    watched_.erase(found);
    calling_ = id;
  }
  on_hangup();
  MutexLock lock(mutex_);
  calling_ = 0;
  idle_.NotifyAll();
}

}  // namespace oriel::session
