#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "capture/device/device.h"
#include "capture/display/plane_info.h"
#include "capture/region/foreign_memory.h"

namespace oriel::capture {

// The mapped memory of a device's planes. Of each plane the region or the few
// newest dma-bufs stay mapped while its shape stays; what was switched off
// under its mapping (ForeignMemory::is_lost) is mapped anew; no dma-buf is
// asked for while one of its id is open. Thread-bound, except Revoke.
class PlaneMemory {
 public:
  enum class Plane { kPrimary, kCursor };

  // The device outlives it.
  explicit PlaneMemory(Device& device) : device_(device) {}

  // The pixels of a checked layout. kUnavailable: revoked, or the device has
  // gone; others describe a plane that cannot be read as it is now.
  absl::StatusOr<std::shared_ptr<ForeignMemory>> Get(Plane plane,
                                                     const PlaneLayout& layout)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Drop(Plane plane) ABSL_LOCKS_EXCLUDED(mutex_);
  // Lets go of everything, for good, waiting for at most one band. Any thread.
  void Revoke() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Entry {
    Plane plane;
    PlaneLayout layout;
    std::shared_ptr<ForeignMemory> memory;
  };

  std::shared_ptr<ForeignMemory> Find(Plane plane, const PlaneLayout& layout)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void MakeRoom(Plane plane, const PlaneLayout& layout)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<std::shared_ptr<ForeignMemory>> MapRegion(
      const PlaneLayout& layout);
  absl::StatusOr<std::shared_ptr<ForeignMemory>> MapDmaBuf(
      Plane plane, const PlaneLayout& layout);

  Device& device_;
  // A dma-buf that no CPU can read is not asked for again.
  std::optional<std::pair<PlaneLayout, absl::Status>> unreadable_[2];

  Mutex mutex_;
  bool revoked_ ABSL_GUARDED_BY(mutex_) = false;
  // The least recently used first.
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oriel::capture
