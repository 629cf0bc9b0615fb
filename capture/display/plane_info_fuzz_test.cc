// Input: a vfio_device_gfx_plane_info, then the region's size (8 bytes).

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "capture/display/pixel_convert.h"
#include "capture/display/plane_info.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  using namespace oriel::capture;
  struct {
    vfio_device_gfx_plane_info info;
    uint64_t region_bytes;
  } input{};
  if (size_bytes == 0) return 0;
  std::memcpy(&input, data, std::min(size_bytes, sizeof(input)));
  const auto layout = ParsePlaneInfo(input.info);
  if (!layout.ok() || !layout->has_value()) return 0;
  Region region;
  region.size_bytes = input.region_bytes;
  const PlaneLayout& plane = **layout;
  const auto format = FindSourceFormat(plane.format);
  if (!format.ok()) std::abort();
  // Whatever is accepted: every pixel's bytes lie inside the region.
  const bool fits = CheckPlaneFits(plane, region).ok();
  unsigned __int128 end = plane.size.height_px - 1;
  end *= plane.stride_bytes;
  end += static_cast<unsigned __int128>(plane.size.width_px) *
         static_cast<unsigned>(format->row.bytes_per_pixel);
  if (plane.size.empty() || plane.size.width_px > kMaxPlaneSidePx ||
      plane.size.height_px > kMaxPlaneSidePx || end > input.info.size ||
      fits != (end <= input.region_bytes)) {
    std::abort();
  }
  return 0;
}
