#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/unique_fd.h"

namespace oriel::capture {

// An eventfd that becomes readable, for good, once a device is to be let go
// of, and the reason: a driver signals the fd itself, others use Report.
// Thread-safe.
class HangupEvent {
 public:
  // What a driver's own signal (VFIO_PCI_REQ_IRQ_INDEX) means.
  static constexpr char kDriverAsks[] =
      "its driver asks for the device back (unbind or removal)";

  static absl::StatusOr<std::shared_ptr<HangupEvent>> Create();

  int fd() const { return fd_.get(); }
  // The first report counts; none does after the driver's signal.
  void Report(const std::string& reason);
  // Empty while nothing was reported.
  std::string reason() const;

 private:
  explicit HangupEvent(UniqueFd fd) : fd_(std::move(fd)) {}
  bool IsSignalled() const;

  const UniqueFd fd_;
  mutable Mutex mutex_;
  std::string reason_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oriel::capture
