#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/device/device.h"
#include "capture/region/region_info.h"
#include "capture/region/sigbus_guard.h"

namespace oriel::capture {

// The only way to the bytes of a mapping that somebody else writes, and that
// can vanish under the reader. Thread-safe; Visit from one thread at a time.
class ForeignMemory {
 public:
  // Maps [offset, offset + size) of the region, rounded out to pages.
  // kFailedPrecondition: that part of the region cannot be mapped.
  // kResourceExhausted: SigbusGuard::kMaxGuards mappings exist.
  static absl::StatusOr<std::shared_ptr<ForeignMemory>> Map(
      Device& device, const Region& region, uint64_t offset,
      uint64_t size_bytes);

  // Maps the first `size_bytes` of a plane's dma-buf, which this keeps; its
  // exporter is told around each Visit. kFailedPrecondition: it can only be
  // imported by a GPU.
  static absl::StatusOr<std::shared_ptr<ForeignMemory>> MapDmaBuf(
      std::unique_ptr<DmaBuf> dma_buf, const std::string& name,
      uint64_t size_bytes);

  uint64_t size_bytes() const { return size_bytes_; }

  // Calls `scan` once with [offset, offset + size) of the mapped part. The
  // bytes may change at any time: load each once, and never keep the span.
  // Ask for under a millisecond's worth: a revoked mapping lasts until then.
  // kUnavailable: revoked. kAborted: the memory is switched off (SIGBUS), as
  // while a guest resets or sleeps: what `scan` saw were zeros from there on,
  // and must be thrown away. kOutOfRange: not inside the mapping;
  // kFailedPrecondition: the dma-buf's exporter fails, as when it is busy.
  absl::Status Visit(uint64_t offset, uint64_t size_bytes,
                     const std::function<void(std::span<const uint8_t>)>& scan);

  // A Visit was kAborted, and all others will be: only a new Map can find the
  // memory back.
  bool is_lost() const { return is_lost_.load(); }

  // Unmaps, or has a running Visit do so at its end, which may be never where
  // the device hangs; later Visits are kUnavailable. Waits for nobody.
  void Revoke();

 private:
  static absl::StatusOr<std::shared_ptr<ForeignMemory>> Guard(
      const std::string& name, std::unique_ptr<DmaBuf> dma_buf, Mapping mapping,
      uint64_t skip_bytes, uint64_t size_bytes);
  ForeignMemory(std::string name, std::unique_ptr<DmaBuf> dma_buf,
                Mapping mapping, SigbusGuard guard, uint64_t skip_bytes,
                uint64_t size_bytes);
  absl::Status VisitMapped(
      uint64_t offset, uint64_t size_bytes,
      const std::function<void(std::span<const uint8_t>)>& scan);
  void UnmapUnlessBusy();

  const std::string name_;     // for messages
  const uint64_t skip_bytes_;  // from the page's start to the first byte
  const uint64_t size_bytes_;
  // Set before Revoke tries to take busy_: whoever has it looks here when it
  // has given it back.
  std::atomic<bool> revoked_{false};
  std::atomic<bool> is_lost_{false};
  // Taken by a Visit, or by who unmaps; nobody waits for it.
  std::atomic<bool> busy_{false};
  // Of who has taken busy_.
  Mapping mapping_;
  std::unique_ptr<DmaBuf> dma_buf_;  // null: a region
  // After mapping_: a guard outliving its mapping would guard a stranger's.
  std::optional<SigbusGuard> guard_;
};

}  // namespace oriel::capture
