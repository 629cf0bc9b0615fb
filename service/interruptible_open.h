#pragma once

#include <functional>
#include <memory>
#include <set>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/unique_fd.h"
#include "capture/display/frame_source.h"

namespace oriel::service {

// An eventfd: once it polls as readable, waiting for a device's answer ends.
using Interrupt = std::shared_ptr<const UniqueFd>;

// Lets no device keep its display's end waiting that answers late or never:
// Revoke interrupts calls of an open source, End those that open one.
// Thread-safe.
class InterruptibleOpens {
 public:
  using Open =
      std::function<absl::StatusOr<std::unique_ptr<capture::FrameSource>>(
          const Interrupt& interrupt)>;

  // What `open` makes, interruptible.
  absl::StatusOr<std::unique_ptr<capture::FrameSource>> Run(const Open& open);
  // Interrupts all that are under way, and later ones.
  void End();

 private:
  Mutex mutex_;
  std::set<Interrupt> under_way_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace oriel::service
