#include "service/offers/borrowed_display.h"

#include <utility>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "capture/device/open_device.h"

namespace oriel::offers {

absl::StatusOr<std::unique_ptr<capture::FrameSource>> OpenLeasedDevice(
    UniqueFd fd, const LeaseOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<capture::Device> device,
                   capture::AdoptDeviceFd(
                       std::move(fd), options.what,
                       {.edid_writes_allowed = options.edid_writes_allowed}));
  return capture::OpenDeviceFrameSource(std::move(device), options.source);
}

absl::StatusOr<std::unique_ptr<capture::FrameSource>> BorrowedDisplay::Open() {
  std::shared_ptr<Lease> lease;
  LeaseOptions options;
  {
    MutexLock lock(mutex_);
    if (lease_ == nullptr) return absl::UnavailableError(absent_reason_);
    lease = lease_;
    options = options_;
  }
  return lease->Open(
      [&](UniqueFd fd) { return open_(std::move(fd), options); });
}

void BorrowedDisplay::Lend(std::shared_ptr<Lease> lease, LeaseOptions options) {
  MutexLock lock(mutex_);
  lease_ = std::move(lease);
  options_ = std::move(options);
}

void BorrowedDisplay::TakeBack(const std::string& absent_reason) {
  MutexLock lock(mutex_);
  lease_ = nullptr;
  absent_reason_ = absent_reason;
}

}  // namespace oriel::offers
