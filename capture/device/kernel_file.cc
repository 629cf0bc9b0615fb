#include "capture/device/kernel_file.h"

#include <fcntl.h>
#include <linux/vfio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/abi/vfio.h"
#include "capture/device/driver_error.h"
#include "capture/device/map_file.h"

namespace oriel::capture {
namespace {

// Where `size_bytes` at `offset` of the region lie in the device's file.
absl::StatusOr<uint64_t> FileOffset(const RegionAddress& region,
                                    uint64_t offset, size_t size_bytes,
                                    const std::string& what) {
  constexpr uint64_t kLargest = std::numeric_limits<off_t>::max();
  if (region.file_offset > kLargest || offset > kLargest - region.file_offset ||
      size_bytes > kLargest - region.file_offset - offset) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d bytes at %#x of region %d of %s: beyond any file's end", size_bytes,
        offset, region.index, what));
  }
  return region.file_offset + offset;
}

}  // namespace

KernelFile::KernelFile(UniqueFd fd, std::string what, KernelCalls& calls)
    : fd_(std::move(fd)), what_(std::move(what)), calls_(&calls) {}

absl::StatusOr<DeviceInfo> KernelFile::GetInfo() {
  vfio_device_info info{};
  info.argsz = sizeof(info);
  if (calls_->Ioctl(fd_.get(), VFIO_DEVICE_GET_INFO, &info) != 0)
    return DriverError(errno, "get the device info of " + what_);
  return DeviceInfo{info.flags, info.num_regions, info.num_irqs};
}

absl::Status KernelFile::GetRegionInfo(uint32_t index,
                                       std::span<uint8_t> reply) {
  const std::string tried =
      absl::StrFormat("get info of region %d of %s", index, what_);
  if (reply.size() < abi::kRegionInfoBytes)
    return absl::InvalidArgumentError(tried + ": less than 32 bytes");
  vfio_region_info request{};
  request.argsz = static_cast<uint32_t>(reply.size());
  request.index = index;
  std::memset(reply.data(), 0, reply.size());
  std::memcpy(reply.data(), &request, sizeof(request));
  if (calls_->Ioctl(fd_.get(), VFIO_DEVICE_GET_REGION_INFO, reply.data()) == 0)
    return absl::OkStatus();
  const absl::Status error = DriverError(errno, tried);
  if (absl::IsInvalidArgument(error))
    return absl::NotFoundError(std::string(error.message()));
  return error;
}

absl::StatusOr<size_t> KernelFile::Read(const RegionAddress& region,
                                        uint64_t offset,
                                        std::span<uint8_t> out) {
  ASSIGN_OR_RETURN(const uint64_t start,
                   FileOffset(region, offset, out.size(), what_));
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = pread(fd_.get(), out.data() + done, out.size() - done,
                              static_cast<off_t>(start + done));
    if (got < 0 && errno == EINTR) continue;
    // Some drivers say EINVAL at a region's end, where others say 0.
    if (got == 0 || (got < 0 && done > 0 && errno == EINVAL)) break;
    if (got < 0) {
      return DriverError(
          errno, absl::StrFormat("read %d bytes at %#x of region %d of %s",
                                 out.size(), offset, region.index, what_));
    }
    done += static_cast<size_t>(got);
  }
  return done;
}

absl::StatusOr<Mapping> KernelFile::Map(const RegionAddress& region,
                                        uint64_t offset, size_t size_bytes) {
  ASSIGN_OR_RETURN(const uint64_t start,
                   FileOffset(region, offset, size_bytes, what_));
  return MapFile(fd_.get(), start, size_bytes,
                 absl::StrFormat("region %d of %s", region.index, what_));
}

absl::StatusOr<vfio_device_gfx_plane_info> KernelFile::QueryPlane(
    uint32_t flags, uint32_t drm_plane_type) {
  vfio_device_gfx_plane_info plane{};
  plane.argsz = sizeof(plane);
  plane.flags = flags;
  plane.drm_plane_type = drm_plane_type;
  if (calls_->Ioctl(fd_.get(), VFIO_DEVICE_QUERY_GFX_PLANE, &plane) != 0) {
    return DriverError(errno,
                       absl::StrFormat("query plane %d (flags %#x) of %s",
                                       drm_plane_type, flags, what_));
  }
  return plane;
}

absl::StatusOr<std::unique_ptr<DmaBuf>> KernelFile::GetPlaneDmaBuf(
    uint32_t id) {
  const std::string what = absl::StrFormat("dma-buf %u of %s", id, what_);
  UniqueFd fd(calls_->Ioctl(fd_.get(), VFIO_DEVICE_GET_GFX_DMABUF, &id));
  if (!fd.valid()) return DriverError(errno, "get " + what);
  // mbochs forgets to: then a child would keep it open.
  if (fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0)
    return absl::ErrnoToStatus(errno, "keep " + what + " from child processes");
  return MakeKernelDmaBuf(std::move(fd), what, *calls_);
}

absl::Status KernelFile::Write(const RegionAddress& region, uint64_t offset,
                               std::span<const uint8_t> bytes) {
  ASSIGN_OR_RETURN(const uint64_t start,
                   FileOffset(region, offset, bytes.size(), what_));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put =
        pwrite(fd_.get(), bytes.data() + done, bytes.size() - done,
               static_cast<off_t>(start + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      return DriverError(
          put == 0 ? EINVAL : errno,
          absl::StrFormat("write %d bytes at %#x of region %d of %s",
                          bytes.size(), offset, region.index, what_));
    }
    done += static_cast<size_t>(put);
  }
  return absl::OkStatus();
}

absl::Status KernelFile::Reset() {
  if (calls_->Ioctl(fd_.get(), VFIO_DEVICE_RESET, nullptr) != 0)
    return DriverError(errno, "reset " + what_);
  return absl::OkStatus();
}

absl::Status KernelFile::SetRequestEventFd(int eventfd) {
  vfio_irq_info info{};
  info.argsz = sizeof(info);
  info.index = VFIO_PCI_REQ_IRQ_INDEX;
  const int asked = calls_->Ioctl(fd_.get(), VFIO_DEVICE_GET_IRQ_INFO, &info);
  if (asked != 0 && errno != EINVAL)
    return DriverError(errno, "get the request interrupt of " + what_);
  if (asked != 0 || info.count == 0) {
    return absl::UnimplementedError(what_ +
                                    ": its driver has no request interrupt");
  }
  constexpr size_t kHeaderBytes = sizeof(vfio_irq_set);
  vfio_irq_set request{};
  request.argsz = kHeaderBytes + sizeof(int);
  request.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
  request.index = VFIO_PCI_REQ_IRQ_INDEX;
  request.count = 1;
  uint8_t bytes[kHeaderBytes + sizeof(int)];
  std::memcpy(bytes, &request, kHeaderBytes);
  std::memcpy(bytes + kHeaderBytes, &eventfd, sizeof(eventfd));
  if (calls_->Ioctl(fd_.get(), VFIO_DEVICE_SET_IRQS, bytes) != 0)
    return DriverError(errno, "set the request interrupt of " + what_);
  return absl::OkStatus();
}

}  // namespace oriel::capture
