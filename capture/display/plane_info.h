#pragma once

#include <linux/vfio.h>

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/picture/pixel_format.h"
#include "base/picture/rect.h"
#include "capture/region/region_info.h"

namespace oriel::capture {

// Larger planes are refused: no display has them, and pictures of them would
// fill the memory.
inline constexpr int32_t kMaxPlaneSidePx = 16384;

// How a driver hands out its planes.
enum class PlaneKind : uint32_t {
  kDmaBuf = VFIO_GFX_PLANE_TYPE_DMABUF,
  kRegion = VFIO_GFX_PLANE_TYPE_REGION,
};

// A plane's pixels: where they lie and how.
struct PlaneLayout {
  PixelFormat format;
  Size size;
  uint32_t stride_bytes = 0;
  uint32_t region_index = 0;
  uint64_t offset_bytes = 0;
  // Set: they lie in this dma-buf, and the index means nothing.
  std::optional<uint32_t> dma_buf_id;

  friend bool operator==(const PlaneLayout&, const PlaneLayout&) = default;
};

// Equal but for which dma-buf it is: a guest that flips pages alternates
// between some of one shape.
bool SameShape(const PlaneLayout& a, const PlaneLayout& b);

// From the first row's first pixel to the last row's last: the gap after the
// last row need not exist. Of a checked layout.
uint64_t ImageBytes(const PlaneLayout& layout);

// Checks what a device answered to VFIO_DEVICE_QUERY_GFX_PLANE. Empty: the
// plane is off. kUnimplemented: a format that Oriel cannot read;
// kInvalidArgument: numbers that contradict each other, which it names.
absl::StatusOr<std::optional<PlaneLayout>> ParsePlaneInfo(
    const vfio_device_gfx_plane_info& info, PlaneKind kind);

// As ParsePlaneInfo checks, but of numbers that a configuration gave.
absl::Status CheckPlaneLayout(const PlaneLayout& layout);

// kInvalidArgument: rows lie beyond the region; says where both end.
absl::Status CheckPlaneFits(const PlaneLayout& layout, const Region& region);

}  // namespace oriel::capture
