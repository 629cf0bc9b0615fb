#pragma once

#include <linux/vfio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "capture/device/dma_buf.h"
#include "capture/device/mapping.h"

namespace oriel::capture {

struct DeviceInfo {
  uint32_t flags = 0;         // VFIO_DEVICE_FLAGS_*
  uint32_t region_count = 0;  // may grow later; regions beyond it can exist
  uint32_t irq_count = 0;
};

// Where a region lies: the kernel addresses its bytes by file offset, a
// vfio-user peer by index.
struct RegionAddress {
  uint32_t index = 0;
  uint64_t file_offset = 0;  // vfio_region_info::offset
};

class OwnedDevice;

// Thread-compatible.
class RegionWriter {
 public:
  virtual ~RegionWriter() = default;
  // All bytes or an error.
  virtual absl::Status Write(const RegionAddress& region, uint64_t offset,
                             std::span<const uint8_t> bytes) = 0;
};

// An open VFIO device that can only be read. Calls can block for as long as
// the driver or the peer likes (a vfio-user peer: five seconds), so never on a
// thread that serves others. Thread-compatible, except where said. Errors:
// kUnavailable: the peer has gone or is busy, try again later; others stay.
class Device {
 public:
  virtual ~Device() = default;

  // For messages: "mdev 83b8f4f2-... (/dev/vfio/7)". Any thread.
  virtual std::string description() const = 0;

  virtual absl::StatusOr<DeviceInfo> GetInfo() = 0;

  // One VFIO_DEVICE_GET_REGION_INFO as it is, argsz being reply.size() (at
  // least 32): the reply's bytes are the driver's, unchecked. Sending it a
  // second time and walking it is region/region_info.h's work. kNotFound: the
  // driver refuses the index or argsz (EINVAL).
  virtual absl::Status GetRegionInfo(uint32_t index,
                                     std::span<uint8_t> reply) = 0;

  // The number of bytes read, fewer than out.size() at the region's end.
  virtual absl::StatusOr<size_t> Read(const RegionAddress& region,
                                      uint64_t offset,
                                      std::span<uint8_t> out) = 0;

  // Read-only, shared, not inherited by children. `offset` and `size_bytes`
  // are multiples of the page size.
  virtual absl::StatusOr<Mapping> Map(const RegionAddress& region,
                                      uint64_t offset, size_t size_bytes) = 0;

  // VFIO_DEVICE_QUERY_GFX_PLANE with a zeroed structure but for `flags`
  // (VFIO_GFX_PLANE_TYPE_*) and `drm_plane_type`. Success with size and format
  // 0 means that the plane is off. kUnimplemented: no such query;
  // kInvalidArgument: no such kind of plane; kUnavailable: ask again, drivers
  // fail for a moment while the guest changes its mode.
  virtual absl::StatusOr<vfio_device_gfx_plane_info> QueryPlane(
      uint32_t flags, uint32_t drm_plane_type) = 0;

  // VFIO_DEVICE_GET_GFX_DMABUF with the id that a plane query gave. Never for
  // an id whose dma-buf is still open, here or at somebody else who shares the
  // device: that is a kernel BUG with some drivers. kInvalidArgument and
  // kUnavailable: ask again, the guest changes its mode; kUnimplemented.
  virtual absl::StatusOr<std::unique_ptr<DmaBuf>> GetPlaneDmaBuf(uint32_t id);

  // Polls as readable or hung up once the peer has gone; -1 where nothing
  // tells. Owned by the device. Any thread.
  virtual int hangup_fd() const { return -1; }

  // Why hangup_fd reports, once it does: "win11 (pid 4711) ended". Empty where
  // nothing tells. Any thread.
  virtual std::string hangup_reason() const { return {}; }

  // Itself where Oriel opened it, else null. Lives as long as the device.
  virtual OwnedDevice* AsOwned() { return nullptr; }

  // For its EDID region and no other: itself where Oriel opened it or may write
  // there although another process drives it; else null. Lives as long as the
  // device.
  virtual RegionWriter* AsEdidWriter() { return nullptr; }
};

// A device that Oriel opened itself, which nobody else drives.
class OwnedDevice : public Device, public RegionWriter {
 public:
  OwnedDevice* AsOwned() override { return this; }
  RegionWriter* AsEdidWriter() override { return this; }

  virtual absl::Status Reset() = 0;
};

}  // namespace oriel::capture
