#include "capture/borrow/close_watch.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_format.h"

namespace oriel::capture {
namespace {

using std::chrono::milliseconds;

constexpr Duration kPause = milliseconds(5);
// A VMM may close its container just before its device.
constexpr Duration kPauseAfterHint = milliseconds(1);
constexpr Duration kHintIsFresh = milliseconds(10);
constexpr Duration kLongestPause = milliseconds(50);
constexpr int kCostFactor = 100;
// Of /dev/vfio/vfio: linux/miscdevice.h.
constexpr char kContainerNumber[] = "10:196";

}  // namespace

void CloseWatch::Add(pid_t pid, const VfioFds& fds) {
  for (const VfioFd& other : fds.others) {
    // By its number, because a path can lie. The path leads to the file that
    // the VMM has open, whatever /dev looks like here.
    const std::string path = ProcPath(pid, absl::StrFormat("fd/%d", other.fd));
    const auto number = host_.CharDeviceNumber(path);
    if (!number.ok() || *number != kContainerNumber) continue;
    if (!closes_.valid()) {
      absl::StatusOr<UniqueFd> closes = host_.NewCloseEvents();
      if (!closes.ok()) return;
      closes_ = *std::move(closes);
    }
    // Without it the looks that come anyway are enough, if slower.
    host_.AddCloseEvents(closes_.get(), path).IgnoreError();
  }
}

void CloseWatch::Clear() {
  closes_.reset();
  due_ = hint_is_fresh_until_ = Time{};
}

int CloseWatch::hint_fd(Time now) const {
  // Anybody may open and close a container all the time.
  return now < hint_is_fresh_until_ ? -1 : closes_.get();
}

bool CloseWatch::IsDue(Time now) {
  if (now >= hint_is_fresh_until_ && closes_.valid() &&
      host_.TakeCloseEvents(closes_.get())) {
    hint_is_fresh_until_ = now + kHintIsFresh;
    due_ = now;
  }
  return now >= due_;
}

void CloseWatch::Looked(Duration cost, Time now) {
  const Duration least = now < hint_is_fresh_until_ ? kPauseAfterHint : kPause;
  due_ = now + std::clamp(cost * kCostFactor, least, kLongestPause);
}

}  // namespace oriel::capture
