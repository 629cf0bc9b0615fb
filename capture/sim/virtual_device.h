#pragma once

#include <linux/vfio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/sim/edid_region.h"
#include "capture/sim/framebuffer.h"
#include "capture/sim/pointer_plane.h"

namespace oriel::capture::sim {

// The framebuffer region's VFIO type: that of a vendor. 0x1d1d is not ours in
// any registry; it only has to be the one in the device's configuration space.
inline constexpr uint16_t kPciVendor = 0x1d1d;
inline constexpr uint16_t kPciDevice = 0x0e1e;
inline constexpr uint32_t kFramebufferRegionType =
    VFIO_REGION_TYPE_PCI_VENDOR_TYPE | kPciVendor;
inline constexpr uint32_t kFramebufferRegionSubtype = 1;

// Regions behind vfio-pci's nine.
inline constexpr uint32_t kFramebufferRegion = VFIO_PCI_NUM_REGIONS;
inline constexpr uint32_t kEdidRegion = VFIO_PCI_NUM_REGIONS + 1;
inline constexpr uint32_t kOpRegionRegion = VFIO_PCI_NUM_REGIONS + 2;
// Only of a device with a cursor plane.
inline constexpr uint32_t kPointerRegion = VFIO_PCI_NUM_REGIONS + 3;
inline constexpr uint32_t kPointerRegionSubtype = 2;

struct RegionDescription {
  struct Type {
    uint32_t type;
    uint32_t subtype;
  };
  uint64_t size_bytes = 0;
  uint32_t flags = 0;        // VFIO_REGION_INFO_FLAG_*, without CAPS
  std::optional<Type> type;  // its only capability
  int fd = -1;               // what a client maps; the device's
};

struct VirtualDeviceOptions {
  bool hide_plane_query = false;
  // Null: the device has none, and answers that it is off.
  std::unique_ptr<PointerPlane> pointer = nullptr;
  // Answers with the primary plane when it is asked for another, as mdpy.
  bool cursor_is_primary = false;
};

// The vGPU itself, apart from how clients talk to it. Errors are those of the
// kernel's drivers: kInvalidArgument for EINVAL and so on. Thread-compatible.
class VirtualDevice {
 public:
  VirtualDevice(std::unique_ptr<Framebuffer> framebuffer,
                VirtualDeviceOptions options);

  bool has_plane_query() const { return !options_.hide_plane_query; }
  uint32_t region_count() const {
    return kPointerRegion + (options_.pointer != nullptr ? 1 : 0);
  }
  // kInvalidArgument: no such region.
  absl::StatusOr<RegionDescription> DescribeRegion(uint32_t index) const;
  absl::Status ReadRegion(uint32_t index, uint64_t offset,
                          std::span<uint8_t> out) const;
  absl::Status WriteRegion(uint32_t index, uint64_t offset,
                           std::span<const uint8_t> bytes);
  // VFIO_DEVICE_QUERY_GFX_PLANE, on `info` as the client sent it.
  absl::Status QueryPlane(vfio_device_gfx_plane_info& info) const;
  // Back to the first mode, with its monitor.
  absl::Status Reset();

  const Framebuffer& framebuffer() const { return *framebuffer_; }
  void Draw(const SceneTime& time);
  std::optional<Duration> NextChange(const SceneTime& time) const;

 private:
  void PlugFirstMonitor();
  void DescribePrimary(vfio_device_gfx_plane_info& info) const;

  const std::unique_ptr<Framebuffer> framebuffer_;
  const VirtualDeviceOptions options_;
  const Size first_size_;
  const std::array<uint8_t, 256> config_space_;
  const std::vector<uint8_t> op_region_;
  EdidRegion edid_;
};

}  // namespace oriel::capture::sim
