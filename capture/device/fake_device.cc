#include "capture/device/fake_device.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/abi/vfio.h"
#include "capture/device/map_file.h"

namespace oriel::capture {

FakeMemory::FakeMemory(size_t size_bytes)
    : fd_(memfd_create("oriel-fake-memory", MFD_CLOEXEC)),
      size_bytes_(size_bytes) {
  if (ftruncate(fd_.get(), static_cast<off_t>(size_bytes)) != 0) std::abort();
  void* view = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                    fd_.get(), 0);
  if (view == MAP_FAILED) std::abort();
  view_ = static_cast<uint8_t*>(view);
}

FakeMemory::~FakeMemory() { munmap(view_, size_bytes_); }

void FakeMemory::Truncate(size_t size_bytes) {
  if (ftruncate(fd_.get(), static_cast<off_t>(size_bytes)) != 0) std::abort();
}

RegionReply::RegionReply(uint32_t index, uint32_t flags, uint64_t size_bytes,
                         uint64_t file_offset)
    : bytes_(abi::kRegionInfoBytes) {
  vfio_region_info info{};
  info.argsz = abi::kRegionInfoBytes;
  info.flags = flags;
  info.index = index;
  info.size = size_bytes;
  info.offset = file_offset;
  std::memcpy(bytes_.data(), &info, sizeof(info));
}

void RegionReply::Put(size_t at, const void* value, size_t size) {
  if (bytes_.size() < at + size) bytes_.resize(at + size);
  std::memcpy(bytes_.data() + at, value, size);
}

RegionReply& RegionReply::Poke16(size_t at, uint16_t value) {
  Put(at, &value, sizeof(value));
  return *this;
}

RegionReply& RegionReply::Poke32(size_t at, uint32_t value) {
  Put(at, &value, sizeof(value));
  return *this;
}

RegionReply& RegionReply::Poke64(size_t at, uint64_t value) {
  Put(at, &value, sizeof(value));
  return *this;
}

RegionReply& RegionReply::Truncate(size_t size_bytes) {
  bytes_.resize(size_bytes);
  return *this;
}

RegionReply& RegionReply::AddCapability(uint16_t id, uint16_t version,
                                        const std::vector<uint8_t>& body) {
  const size_t at = bytes_.size();
  vfio_info_cap_header header{};
  header.id = id;
  header.version = version;
  Put(at, &header, sizeof(header));
  if (!body.empty()) Put(at + sizeof(header), body.data(), body.size());
  const auto offset = static_cast<uint32_t>(at);
  if (last_capability_ == 0) {
    uint32_t flags = 0;
    std::memcpy(&flags, bytes_.data() + offsetof(vfio_region_info, flags),
                sizeof(flags));
    Poke32(offsetof(vfio_region_info, flags),
           flags | VFIO_REGION_INFO_FLAG_CAPS);
    Poke32(offsetof(vfio_region_info, cap_offset), offset);
  } else {
    Poke32(last_capability_ + offsetof(vfio_info_cap_header, next), offset);
  }
  last_capability_ = at;
  return Poke32(offsetof(vfio_region_info, argsz),
                static_cast<uint32_t>(bytes_.size()));
}

RegionReply& RegionReply::AddType(uint32_t type, uint32_t subtype) {
  std::vector<uint8_t> body(8);
  std::memcpy(body.data(), &type, 4);
  std::memcpy(body.data() + 4, &subtype, 4);
  return AddCapability(VFIO_REGION_INFO_CAP_TYPE, 1, body);
}

RegionReply& RegionReply::AddSparse(
    const std::vector<std::pair<uint64_t, uint64_t>>& areas) {
  std::vector<uint8_t> body(8 + areas.size() * 16);
  const auto count = static_cast<uint32_t>(areas.size());
  std::memcpy(body.data(), &count, 4);
  for (size_t i = 0; i < areas.size(); ++i) {
    std::memcpy(body.data() + 8 + i * 16, &areas[i].first, 8);
    std::memcpy(body.data() + 16 + i * 16, &areas[i].second, 8);
  }
  return AddCapability(VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1, body);
}

FakeDevice::FakeDevice(std::string description)
    : description_(std::move(description)) {
  info_.flags = VFIO_DEVICE_FLAGS_PCI;
  info_.region_count = VFIO_PCI_NUM_REGIONS;
}

void FakeDevice::SetRegion(uint32_t index, std::vector<uint8_t> reply,
                           std::shared_ptr<FakeMemory> memory) {
  regions_[index].reply = std::move(reply);
  regions_[index].memory = std::move(memory);
}

void FakeDevice::SetRegionInfoHook(uint32_t index, RegionInfoHook hook) {
  regions_[index].info_hook = std::move(hook);
}

void FakeDevice::SetRegionPlane(const vfio_device_gfx_plane_info& plane) {
  plane_hook_ = [plane](
                    uint32_t flags,
                    uint32_t) -> absl::StatusOr<vfio_device_gfx_plane_info> {
    const bool probe = (flags & VFIO_GFX_PLANE_TYPE_PROBE) != 0;
    if ((flags & ~uint32_t{VFIO_GFX_PLANE_TYPE_PROBE}) !=
        VFIO_GFX_PLANE_TYPE_REGION) {
      return absl::InvalidArgumentError("the fake plane lies in a region");
    }
    return probe ? vfio_device_gfx_plane_info{} : plane;
  };
}

absl::StatusOr<DeviceInfo> FakeDevice::GetInfo() {
  RETURN_IF_ERROR(failure_);
  return info_;
}

absl::Status FakeDevice::GetRegionInfo(uint32_t index,
                                       std::span<uint8_t> reply) {
  RETURN_IF_ERROR(failure_);
  sizes_.push_back(reply.size());
  const auto found = regions_.find(index);
  if (found == regions_.end() || reply.size() < abi::kRegionInfoBytes)
    return absl::NotFoundError(absl::StrFormat("no region %d", index));
  std::fill(reply.begin(), reply.end(), uint8_t{0});
  const FakeRegion& region = found->second;
  if (region.info_hook) return region.info_hook(reply);
  std::memcpy(reply.data(), region.reply.data(),
              std::min(reply.size(), region.reply.size()));
  if (reply.size() < region.reply.size())
    std::memset(reply.data() + offsetof(vfio_region_info, cap_offset), 0, 4);
  return absl::OkStatus();
}

absl::StatusOr<FakeMemory*> FakeDevice::MemoryOf(uint32_t index) {
  RETURN_IF_ERROR(failure_);
  const auto found = regions_.find(index);
  if (found == regions_.end() || found->second.memory == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrFormat("region %d of %s has no memory", index, description_));
  }
  return found->second.memory.get();
}

absl::StatusOr<size_t> FakeDevice::Read(const RegionAddress& region,
                                        uint64_t offset,
                                        std::span<uint8_t> out) {
  ASSIGN_OR_RETURN(FakeMemory * memory, MemoryOf(region.index));
  const ssize_t got =
      pread(memory->fd(), out.data(), out.size(), static_cast<off_t>(offset));
  if (got < 0) return absl::ErrnoToStatus(errno, "read a fake region");
  return static_cast<size_t>(got);
}

absl::StatusOr<Mapping> FakeDevice::Map(const RegionAddress& region,
                                        uint64_t offset, size_t size_bytes) {
  ASSIGN_OR_RETURN(FakeMemory * memory, MemoryOf(region.index));
  return MapFile(memory->fd(), offset, size_bytes, description_);
}

absl::StatusOr<vfio_device_gfx_plane_info> FakeDevice::QueryPlane(
    uint32_t flags, uint32_t drm_plane_type) {
  RETURN_IF_ERROR(failure_);
  if (!plane_hook_) return absl::UnimplementedError("no plane query");
  return plane_hook_(flags, drm_plane_type);
}

absl::StatusOr<std::unique_ptr<DmaBuf>> FakeDevice::GetPlaneDmaBuf(
    uint32_t id) {
  RETURN_IF_ERROR(failure_);
  if (!dma_buf_hook_) return OwnedDevice::GetPlaneDmaBuf(id);
  return dma_buf_hook_(id);
}

absl::Status FakeDevice::Write(const RegionAddress& region, uint64_t offset,
                               std::span<const uint8_t> bytes) {
  ASSIGN_OR_RETURN(FakeMemory * memory, MemoryOf(region.index));
  writes_.push_back(
      {region.index, offset, std::vector<uint8_t>(bytes.begin(), bytes.end())});
  const ssize_t put = pwrite(memory->fd(), bytes.data(), bytes.size(),
                             static_cast<off_t>(offset));
  if (put != static_cast<ssize_t>(bytes.size()))
    return absl::InternalError("write a fake region");
  return write_hook_ ? write_hook_(region.index, offset, bytes)
                     : absl::OkStatus();
}

absl::Status FakeDevice::Reset() {
  RETURN_IF_ERROR(failure_);
  ++resets_;
  return absl::OkStatus();
}

}  // namespace oriel::capture
