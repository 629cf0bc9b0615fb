#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "capture/device/kernel_calls.h"
#include "capture/device/mapping.h"

namespace oriel::capture {

// A plane's memory as a dma-buf (linux/dma-buf.h), open for as long as this
// object or a mapping of it lives. Thread-compatible.
class DmaBuf {
 public:
  virtual ~DmaBuf() = default;

  // Who made it, for messages: "mbochs".
  virtual std::string exporter() const = 0;
  // Read-only, shared, not inherited by children; `size_bytes` is a multiple
  // of the page size. kFailedPrecondition: its exporter lets no CPU map it;
  // kInvalidArgument: it is smaller.
  virtual absl::StatusOr<Mapping> Map(size_t size_bytes) = 0;
  // Around each access of the CPU. kFailedPrecondition: the exporter fails.
  virtual absl::Status BeginRead() = 0;
  virtual absl::Status EndRead() = 0;
};

// `what` names it in messages; `calls` outlives it.
std::unique_ptr<DmaBuf> MakeKernelDmaBuf(UniqueFd fd, std::string what,
                                         KernelCalls& calls);

}  // namespace oriel::capture
