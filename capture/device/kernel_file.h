#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "capture/device/device.h"
#include "capture/device/kernel_calls.h"

namespace oriel::capture {

// A VFIO device's file, and what its ioctls and bytes mean; which of it a
// caller may use is Device's and OwnedDevice's matter. Thread-compatible.
class KernelFile {
 public:
  // `what` names the device in messages. `calls` outlives the file.
  KernelFile(UniqueFd fd, std::string what, KernelCalls& calls);

  const std::string& what() const { return what_; }

  absl::StatusOr<DeviceInfo> GetInfo();
  absl::Status GetRegionInfo(uint32_t index, std::span<uint8_t> reply);
  absl::StatusOr<size_t> Read(const RegionAddress& region, uint64_t offset,
                              std::span<uint8_t> out);
  absl::StatusOr<Mapping> Map(const RegionAddress& region, uint64_t offset,
                              size_t size_bytes);
  absl::StatusOr<vfio_device_gfx_plane_info> QueryPlane(
      uint32_t flags, uint32_t drm_plane_type);
  absl::StatusOr<std::unique_ptr<DmaBuf>> GetPlaneDmaBuf(uint32_t id);
  absl::Status Write(const RegionAddress& region, uint64_t offset,
                     std::span<const uint8_t> bytes);
  absl::Status Reset();
  // The driver signals `eventfd` when it wants the device back
  // (VFIO_PCI_REQ_IRQ_INDEX). kUnimplemented where it has no such interrupt:
  // mdpy, mbochs, GVT-g.
  absl::Status SetRequestEventFd(int eventfd);

 private:
  UniqueFd fd_;
  std::string what_;
  KernelCalls* calls_;
};

}  // namespace oriel::capture
