#include "capture/display/plane_memory.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/region/region_info.h"

namespace oriel::capture {
namespace {

// Guests flip between two or three; QEMU keeps five.
constexpr size_t kMaxDmaBufs = 5;
constexpr int kMaxAttempts = 3;

// ENOMEM, EINVAL and EFAULT come around a change of mode. The device is there
// all the same: whether it has gone is the next plane query's to find out.
absl::StatusOr<std::unique_ptr<DmaBuf>> GetPatiently(Device& device,
                                                     uint32_t id) {
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<std::unique_ptr<DmaBuf>> dma_buf = device.GetPlaneDmaBuf(id);
    const absl::Status status = dma_buf.status();
    const bool transient =
        absl::IsUnavailable(status) || absl::IsInvalidArgument(status);
    if (!transient) return dma_buf;
    if (attempt == kMaxAttempts)
      return absl::FailedPreconditionError(std::string(status.message()));
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<ForeignMemory>> PlaneMemory::Get(
    Plane plane, const PlaneLayout& layout) {
  if (std::shared_ptr<ForeignMemory> memory = Find(plane, layout))
    return memory;
  MakeRoom(plane, layout);
  ASSIGN_OR_RETURN(std::shared_ptr<ForeignMemory> memory,
                   layout.dma_buf_id.has_value() ? MapDmaBuf(plane, layout)
                                                 : MapRegion(layout));
  MutexLock lock(mutex_);
  if (revoked_) {
    return absl::UnavailableError(absl::StrFormat(
        "map a plane of %s: it was let go", device_.description()));
  }
  entries_.push_back({plane, layout, memory});
  return memory;
}

std::shared_ptr<ForeignMemory> PlaneMemory::Find(Plane plane,
                                                 const PlaneLayout& layout) {
  MutexLock lock(mutex_);
  std::erase_if(entries_, [](const Entry& entry) {
    if (!entry.memory->is_lost()) return false;
    entry.memory->Revoke();
    return true;
  });
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.plane == plane && entry.layout == layout;
      });
  if (found == entries_.end()) return nullptr;
  std::rotate(found, found + 1, entries_.end());
  return entries_.back().memory;
}

// Revoked rather than only dropped: closed now, whoever else looks at it.
void PlaneMemory::MakeRoom(Plane plane, const PlaneLayout& layout) {
  MutexLock lock(mutex_);
  const auto close_if = [&](const auto& unwanted) {
    std::erase_if(entries_, [&](const Entry& entry) {
      if (!unwanted(entry)) return false;
      entry.memory->Revoke();
      return true;
    });
  };
  close_if([&](const Entry& entry) {
    const bool same_id = layout.dma_buf_id.has_value() &&
                         entry.layout.dma_buf_id == layout.dma_buf_id;
    return same_id ||
           (entry.plane == plane && !SameShape(entry.layout, layout));
  });
  size_t rest = static_cast<size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [&](const Entry& entry) { return entry.plane == plane; }));
  close_if([&](const Entry& entry) {
    if (entry.plane != plane || rest < kMaxDmaBufs) return false;
    --rest;
    return true;
  });
}

absl::StatusOr<std::shared_ptr<ForeignMemory>> PlaneMemory::MapRegion(
    const PlaneLayout& layout) {
  // The index may lie beyond the device's count of regions: mdpy's does.
  ASSIGN_OR_RETURN(const Region region,
                   QueryRegion(device_, layout.region_index));
  RETURN_IF_ERROR(CheckPlaneFits(layout, region));
  return ForeignMemory::Map(device_, region, layout.offset_bytes,
                            ImageBytes(layout));
}

absl::StatusOr<std::shared_ptr<ForeignMemory>> PlaneMemory::MapDmaBuf(
    Plane plane, const PlaneLayout& layout) {
  auto& unreadable = unreadable_[static_cast<size_t>(plane)];
  if (unreadable.has_value() && unreadable->first == layout)
    return unreadable->second;
  unreadable.reset();
  ASSIGN_OR_RETURN(std::unique_ptr<DmaBuf> dma_buf,
                   GetPatiently(device_, *layout.dma_buf_id));
  absl::StatusOr<std::shared_ptr<ForeignMemory>> memory =
      ForeignMemory::MapDmaBuf(
          std::move(dma_buf),
          absl::StrFormat("dma-buf %u of %s", *layout.dma_buf_id,
                          device_.description()),
          ImageBytes(layout));
  if (absl::IsFailedPrecondition(memory.status()))
    unreadable = {layout, memory.status()};
  return memory;
}

void PlaneMemory::Drop(Plane plane) {
  unreadable_[static_cast<size_t>(plane)].reset();
  MutexLock lock(mutex_);
  std::erase_if(entries_, [&](const Entry& entry) {
    if (entry.plane != plane) return false;
    entry.memory->Revoke();
    return true;
  });
}

void PlaneMemory::Revoke() {
  std::vector<Entry> entries;
  {
    MutexLock lock(mutex_);
    revoked_ = true;
    entries.swap(entries_);
  }
  // Outside the lock: unmapping may take a moment.
  for (const Entry& entry : entries) entry.memory->Revoke();
}

}  // namespace oriel::capture
