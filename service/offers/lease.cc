#include "service/offers/lease.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"

namespace oriel::offers {

// A source that knows who lent its device.
class LeasedSource final : public capture::FrameSource {
 public:
  LeasedSource(std::shared_ptr<Lease> lease,
               std::unique_ptr<capture::FrameSource> source)
      : lease_(std::move(lease)), source_(std::move(source)) {}
  ~LeasedSource() override {
    source_.reset();
    lease_->Closed();
  }

  absl::StatusOr<capture::Frame> Scan(
      const capture::ScanRequest& request) override {
    absl::StatusOr<capture::Frame> frame = source_->Scan(request);
    // What a device says when its VM has ended is no reason for people.
    if (absl::IsUnavailable(frame.status())) {
      const std::string reason = lease_->reason();
      if (!reason.empty()) {
        return absl::UnavailableError("the device went away: " + reason);
      }
    }
    return frame;
  }
  bool IsAsScanned(Time now) override { return source_->IsAsScanned(now); }
  void Revoke() override { source_->Revoke(); }
  std::string description() const override { return source_->description(); }
  int hangup_fd() const override { return lease_->hangup_.get(); }
  std::string hangup_reason() const override { return lease_->reason(); }
  capture::Device* device() override { return source_->device(); }

 private:
  const std::shared_ptr<Lease> lease_;
  std::unique_ptr<capture::FrameSource> source_;
};

absl::StatusOr<std::shared_ptr<Lease>> Lease::Create(
    UniqueFd device, std::function<void()> on_over) {
  UniqueFd hangup(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!hangup.valid()) {
    return absl::ErrnoToStatus(errno, "take a device over: create an eventfd");
  }
  return std::shared_ptr<Lease>(
      new Lease(std::move(device), std::move(hangup), std::move(on_over)));
}

Lease::Lease(UniqueFd device, UniqueFd hangup, std::function<void()> on_over)
    : hangup_(std::move(hangup)),
      on_over_(std::move(on_over)),
      device_(std::move(device)) {}

absl::StatusOr<std::unique_ptr<capture::FrameSource>> Lease::Open(
    const DeviceOpener& open) {
  UniqueFd copy;
  {
    MutexLock lock(mutex_);
    if (ended_) return absl::UnavailableError(reason_);
    copy = UniqueFd(fcntl(device_.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy.valid()) {
      return absl::ErrnoToStatus(errno, "duplicate a borrowed device's fd");
    }
    ++open_;
  }
  absl::StatusOr<std::unique_ptr<capture::FrameSource>> source =
      open(std::move(copy));
  if (!source.ok()) {
    Closed();
    return source.status();
  }
  return std::make_unique<LeasedSource>(shared_from_this(), *std::move(source));
}

void Lease::End(const std::string& reason) {
  bool over = false;
  {
    MutexLock lock(mutex_);
    if (ended_) return;
    device_.reset();
    ended_ = true;
    reason_ = reason;
    eventfd_write(hangup_.get(), 1);
    over = open_ == 0;
    if (over) over_since_ = Clock::now();
  }
  if (over) on_over_();
}

void Lease::Closed() {
  bool over = false;
  {
    MutexLock lock(mutex_);
    over = --open_ == 0 && ended_;
    if (over) over_since_ = Clock::now();
  }
  if (over) on_over_();
}

std::optional<Time> Lease::over_since() const {
  MutexLock lock(mutex_);
  return over_since_;
}

std::string Lease::reason() const {
  MutexLock lock(mutex_);
  return reason_;
}

}  // namespace oriel::offers
