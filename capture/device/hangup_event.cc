#include "capture/device/hangup_event.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <utility>

namespace oriel::capture {

absl::StatusOr<std::shared_ptr<HangupEvent>> HangupEvent::Create() {
  UniqueFd fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.valid())
    return absl::ErrnoToStatus(errno, "create a device's hang-up eventfd");
  return std::shared_ptr<HangupEvent>(new HangupEvent(std::move(fd)));
}

bool HangupEvent::IsSignalled() const {
  pollfd event = {.fd = fd_.get(), .events = POLLIN, .revents = 0};
  return poll(&event, 1, 0) == 1;
}

void HangupEvent::Report(const std::string& reason) {
  MutexLock lock(mutex_);
  if (IsSignalled()) return;
  reason_ = reason;
  eventfd_write(fd_.get(), 1);
}

std::string HangupEvent::reason() const {
  MutexLock lock(mutex_);
  if (!IsSignalled()) return {};
  return reason_.empty() ? kDriverAsks : reason_;
}

}  // namespace oriel::capture
