// Input: a vfio_device_gfx_plane_info, then the region's size (8 bytes).

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "capture/display/cursor_info.h"
#include "capture/display/pixel_convert.h"
#include "capture/display/plane_info.h"

using namespace oriel::capture;

namespace {

// Whatever a pointer's numbers are: it is drawn near the picture or nowhere,
// and its shape takes no more than its pixels.
void CheckCursor(const vfio_device_gfx_plane_info& info,
                 const PlaneLayout& primary) {
  for (const PlaneKind kind : {PlaneKind::kRegion, PlaneKind::kDmaBuf}) {
    const CursorInfo cursor = ParseCursorInfo(info, kind, primary);
    if (!cursor.visible) continue;
    const int64_t farthest = kMaxPlaneSidePx + kMaxCursorSidePx;
    if (!cursor.is_pointer || std::abs(int64_t{cursor.at.x_px}) > farthest ||
        std::abs(int64_t{cursor.at.y_px}) > farthest) {
      std::abort();
    }
    if (!cursor.shape.has_value()) continue;
    const PlaneLayout& shape = *cursor.shape;
    const auto format = FindSourceFormat(shape.format);
    if (!format.ok() || shape.size.empty() ||
        shape.size.width_px > kMaxCursorSidePx ||
        shape.size.height_px > kMaxCursorSidePx) {
      std::abort();
    }
    const size_t row_bytes = static_cast<size_t>(shape.size.width_px) *
                             static_cast<size_t>(format->row.bytes_per_pixel);
    const std::vector<uint8_t> pixels(
        row_bytes * static_cast<size_t>(shape.size.height_px), 0x5A);
    const auto area = static_cast<size_t>(shape.size.AreaPx());
    if (ToStraightAlpha(shape, pixels).size() != area * 4) std::abort();
    if (cursor.hot_spot.has_value() &&
        (cursor.hot_spot->x_px < 0 || cursor.hot_spot->y_px < 0 ||
         cursor.hot_spot->x_px >= shape.size.width_px ||
         cursor.hot_spot->y_px >= shape.size.height_px)) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  struct {
    vfio_device_gfx_plane_info info;
    uint64_t region_bytes;
  } input{};
  if (size_bytes == 0) return 0;
  std::memcpy(&input, data, std::min(size_bytes, sizeof(input)));
  CheckCursor(input.info, PlaneLayout());
  const auto layout = ParsePlaneInfo(input.info, PlaneKind::kRegion);
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
