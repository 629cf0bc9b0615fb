#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/device/dma_buf.h"
#include "capture/device/fake_device.h"

namespace oriel::capture {

// An exporter of dma-bufs that notices what would crash a kernel. A test makes
// it with std::make_shared, fills it, and gives Get to FakeDevice's hook.
struct FakeDmaBufs : std::enable_shared_from_this<FakeDmaBufs> {
  std::map<uint32_t, std::shared_ptr<FakeMemory>> memories;
  bool mappable = true;
  int failures = 0;  // so often Get fails, as drivers do for a moment
  absl::Status sync_status;

  std::set<uint32_t> open;
  std::map<uint32_t, int> times_asked;
  bool asked_while_open = false;
  bool reading = false;  // between BeginRead and EndRead
  int reads = 0;

  absl::StatusOr<std::unique_ptr<DmaBuf>> Get(uint32_t id);
};

}  // namespace oriel::capture
