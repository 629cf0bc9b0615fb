#include "capture/region/foreign_memory.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::capture {
namespace {

absl::Status LetGo(const std::string& name) {
  return absl::UnavailableError(
      absl::StrFormat("read %s: it was let go", name));
}

}  // namespace

absl::StatusOr<std::shared_ptr<ForeignMemory>> ForeignMemory::Map(
    Device& device, const Region& region, uint64_t offset,
    uint64_t size_bytes) {
  const std::string name = absl::StrFormat(
      "region %d of %s", region.address.index, device.description());
  if (!region.IsMappable(offset, size_bytes)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "map %#x bytes at %#x of %s: that part cannot be mapped; the region "
        "has %#x bytes, %d mappable areas, flags %#x",
        size_bytes, offset, name, region.size_bytes,
        region.mappable_areas.size(), region.flags));
  }
  // Areas are whole pages, so rounding out stays inside the area.
  const auto page = static_cast<uint64_t>(getpagesize());
  const uint64_t skip = offset % page;
  const uint64_t pages = (skip + size_bytes + page - 1) / page;
  ASSIGN_OR_RETURN(Mapping mapping,
                   device.Map(region.address, offset - skip, pages * page));
  return Guard(name, nullptr, std::move(mapping), skip, size_bytes);
}

absl::StatusOr<std::shared_ptr<ForeignMemory>> ForeignMemory::MapDmaBuf(
    std::unique_ptr<DmaBuf> dma_buf, const std::string& name,
    uint64_t size_bytes) {
  const auto page = static_cast<uint64_t>(getpagesize());
  absl::StatusOr<Mapping> mapping =
      dma_buf->Map((size_bytes + page - 1) / page * page);
  if (absl::IsFailedPrecondition(mapping.status())) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s needs a GPU import, which Oriel cannot do: its exporter %s lets no "
        "CPU map it (%s)",
        name, dma_buf->exporter(), std::string(mapping.status().message())));
  }
  RETURN_IF_ERROR(mapping.status());
  return Guard(name, std::move(dma_buf), *std::move(mapping), 0, size_bytes);
}

absl::StatusOr<std::shared_ptr<ForeignMemory>> ForeignMemory::Guard(
    const std::string& name, std::unique_ptr<DmaBuf> dma_buf, Mapping mapping,
    uint64_t skip_bytes, uint64_t size_bytes) {
  if (mapping.size_bytes() < skip_bytes + size_bytes) {
    return absl::InternalError(
        absl::StrFormat("map %#x bytes of %s: only %#x were mapped",
                        skip_bytes + size_bytes, name, mapping.size_bytes()));
  }
  std::optional<SigbusGuard> guard =
      SigbusGuard::Protect(mapping.address(), mapping.size_bytes());
  if (!guard.has_value()) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "map %s: %d regions are mapped already; close displays that nobody "
        "watches",
        name, SigbusGuard::kMaxGuards));
  }
  return std::shared_ptr<ForeignMemory>(
      new ForeignMemory(name, std::move(dma_buf), std::move(mapping),
                        *std::move(guard), skip_bytes, size_bytes));
}

ForeignMemory::ForeignMemory(std::string name, std::unique_ptr<DmaBuf> dma_buf,
                             Mapping mapping, SigbusGuard guard,
                             uint64_t skip_bytes, uint64_t size_bytes)
    : name_(std::move(name)),
      skip_bytes_(skip_bytes),
      size_bytes_(size_bytes),
      mapping_(std::move(mapping)),
      dma_buf_(std::move(dma_buf)),
      guard_(std::move(guard)) {}

absl::Status ForeignMemory::Visit(
    uint64_t offset, uint64_t size_bytes,
    const std::function<void(std::span<const uint8_t>)>& scan) {
  if (offset > size_bytes_ || size_bytes > size_bytes_ - offset) {
    return absl::OutOfRangeError(
        absl::StrFormat("read %#x bytes at %#x of %s: only %#x are mapped",
                        size_bytes, offset, name_, size_bytes_));
  }
  // Taken already: it is being unmapped.
  if (revoked_.load() || busy_.exchange(true)) return LetGo(name_);
  const absl::Status status = VisitMapped(offset, size_bytes, scan);
  busy_.store(false);
  // Revoke did not wait for this visit.
  if (revoked_.load()) UnmapUnlessBusy();
  return status;
}

absl::Status ForeignMemory::VisitMapped(
    uint64_t offset, uint64_t size_bytes,
    const std::function<void(std::span<const uint8_t>)>& scan) {
  if (!guard_.has_value()) return LetGo(name_);
  if (dma_buf_ != nullptr) RETURN_IF_ERROR(dma_buf_->BeginRead());
  if (!guard_->tripped()) {
    // SAFETY: Map made the mapping at least skip_bytes_ + size_bytes_ long, and
    // it lives while busy_ is taken; a page that goes away becomes zeros.
    const uint8_t* bytes =
        static_cast<const uint8_t*>(mapping_.address()) + skip_bytes_ + offset;
    scan({bytes, static_cast<size_t>(size_bytes)});
  }
  if (dma_buf_ != nullptr) RETURN_IF_ERROR(dma_buf_->EndRead());
  if (guard_->tripped()) {
    is_lost_.store(true);
    return absl::AbortedError(absl::StrFormat(
        "read %s: device memory is switched off (the guest resets or sleeps)",
        name_));
  }
  return absl::OkStatus();
}

void ForeignMemory::Revoke() {
  revoked_.store(true);
  UnmapUnlessBusy();
}

// Who has taken busy_ comes here once it has given it back.
void ForeignMemory::UnmapUnlessBusy() {
  if (busy_.exchange(true)) return;
  guard_.reset();
  mapping_ = Mapping();
  dma_buf_.reset();
  busy_.store(false);
}

}  // namespace oriel::capture
