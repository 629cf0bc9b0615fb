#pragma once

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "capture/discovery/uevent.h"

namespace oriel::capture {

// The kernel's uevents, or a test's. Thread-bound.
class UeventSource {
 public:
  virtual ~UeventSource() = default;

  // Polls as readable while Receive has something to tell.
  virtual int fd() const = 0;

  // Never waits; empty: nothing has come. kDataLoss: more came than was taken
  // in time, and some are lost; other errors stay.
  virtual absl::StatusOr<std::optional<Uevent>> Receive() = 0;
};

// Listens to the kernel itself (NETLINK_KOBJECT_UEVENT), which needs no right
// and no udevd; what any other process sends is dropped. Fails where a sandbox
// has no AF_NETLINK.
absl::StatusOr<std::unique_ptr<UeventSource>> ListenToKernel();

}  // namespace oriel::capture
