#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/unique_fd.h"
#include "capture/display/frame_source.h"

namespace oriel::offers {

// Takes a device's fd over. May block as device calls do.
using DeviceOpener =
    std::function<absl::StatusOr<std::unique_ptr<capture::FrameSource>>(
        UniqueFd fd)>;

// A borrowed device on loan to one display. Until it ends it can be opened; its
// end is every open source's hang-up, and is over when the last of them has
// gone. Thread-safe.
class Lease : public std::enable_shared_from_this<Lease> {
 public:
  // `on_over` is called once, on any thread, and must return at once.
  static absl::StatusOr<std::shared_ptr<Lease>> Create(
      UniqueFd device, std::function<void()> on_over);

  // kUnavailable once ended.
  absl::StatusOr<std::unique_ptr<capture::FrameSource>> Open(
      const DeviceOpener& open);

  // Closes its own fd before all else; the first reason counts.
  void End(const std::string& reason);

  // When nothing of the device was open or mapped any more; empty until then.
  std::optional<Time> over_since() const;

 private:
  friend class LeasedSource;
  Lease(UniqueFd device, UniqueFd hangup, std::function<void()> on_over);

  std::string reason() const;
  void Closed();

  const UniqueFd hangup_;  // an eventfd
  const std::function<void()> on_over_;
  mutable Mutex mutex_;
  UniqueFd device_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::string reason_ ABSL_GUARDED_BY(mutex_);
  int open_ ABSL_GUARDED_BY(mutex_) = 0;  // sources, and those being opened
  std::optional<Time> over_since_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oriel::offers
