#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "capture/damage/scan_plan.h"
#include "capture/device/device.h"
#include "capture/display/frame_source.h"
#include "capture/region/region_info.h"

namespace oriel::capture {

// A framebuffer that no plane query describes: the configuration says where
// it lies in the region of a vendor's type.
struct VendorFramebuffer {
  RegionType region_type;
  uint64_t offset_bytes = 0;
  uint32_t stride_bytes = 0;
  PixelFormat format;
  Size size;
};

struct FrameSourceOptions {
  // Empty: VFIO_DEVICE_QUERY_GFX_PLANE tells where the framebuffer lies.
  std::optional<VendorFramebuffer> framebuffer;
  // False on a device whose VMM may have the same dma-bufs open: asking for one
  // twice is a kernel BUG with some drivers (mbochs).
  bool dma_bufs_allowed = true;
  ScanPace pace;
};

// Blocks as Device does. A device without a plane that Oriel can read opens all
// the same, because it can be asked other things: its scans say why. Errors:
// the device's kUnavailable, and those of a framebuffer that does not fit.
absl::StatusOr<std::unique_ptr<FrameSource>> OpenDeviceFrameSource(
    std::unique_ptr<Device> device, const FrameSourceOptions& options);

}  // namespace oriel::capture
