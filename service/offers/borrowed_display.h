#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/unique_fd.h"
#include "capture/display/device_frame_source.h"
#include "capture/display/frame_source.h"
#include "service/offers/lease.h"

namespace oriel::offers {

// How a leased device is to be opened.
struct LeaseOptions {
  std::string what;  // for messages: "mdev 83b8... of win11 (pid 4711)"
  capture::FrameSourceOptions source;
  bool edid_writes_allowed = false;
};

using LeasedDeviceOpener =
    std::function<absl::StatusOr<std::unique_ptr<capture::FrameSource>>(
        UniqueFd fd, const LeaseOptions& options)>;

// The real one: adopts the fd.
absl::StatusOr<std::unique_ptr<capture::FrameSource>> OpenLeasedDevice(
    UniqueFd fd, const LeaseOptions& options);

// What a display opens whose device comes and goes with its VM. Thread-safe.
class BorrowedDisplay {
 public:
  BorrowedDisplay(LeasedDeviceOpener open, std::string absent_reason)
      : open_(std::move(open)), absent_reason_(std::move(absent_reason)) {}

  // For session::DisplayOptions::open.
  absl::StatusOr<std::unique_ptr<capture::FrameSource>> Open();

  void Lend(std::shared_ptr<Lease> lease, LeaseOptions options);
  // From now on there is no device, because of this.
  void TakeBack(const std::string& absent_reason);

 private:
  const LeasedDeviceOpener open_;
  Mutex mutex_;
  std::shared_ptr<Lease> lease_ ABSL_GUARDED_BY(mutex_);  // null: absent
  LeaseOptions options_ ABSL_GUARDED_BY(mutex_);
  std::string absent_reason_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oriel::offers
