#include "capture/display/cursor_info.h"

#include <libdrm/drm_fourcc.h>

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "capture/display/pixel_convert.h"

namespace oriel::capture {
namespace {

// linux/vfio.h has unsigned numbers; a pointer at the left edge is at -4.
std::optional<int32_t> Place(uint32_t value) {
  const auto place = static_cast<int32_t>(value);
  constexpr int32_t kFarthest = kMaxPlaneSidePx + kMaxCursorSidePx;
  if (place < -kMaxCursorSidePx || place > kFarthest) return std::nullopt;
  return place;
}

// The structure has no offset, so what lies in the primary plane's memory is
// the primary plane.
bool InMemoryOf(const vfio_device_gfx_plane_info& info, PlaneKind kind,
                const PlaneLayout& primary) {
  return kind == PlaneKind::kDmaBuf ? info.dmabuf_id == primary.dma_buf_id
                                    : info.region_index == primary.region_index;
}

bool HasAlpha(uint32_t fourcc) {
  return fourcc == DRM_FORMAT_ARGB8888 || fourcc == DRM_FORMAT_ABGR8888;
}

bool IsPremultiplied(std::span<const uint8_t> bgra) {
  for (size_t i = 0; i < bgra.size(); i += 4) {
    if (std::max({bgra[i], bgra[i + 1], bgra[i + 2]}) > bgra[i + 3])
      return false;
  }
  return true;
}

// Only of premultiplied pixels: no colour exceeds its alpha.
void Divide(std::span<uint8_t> bgra) {
  for (size_t i = 0; i < bgra.size(); i += 4) {
    const unsigned alpha = bgra[i + 3];
    if (alpha == 0 || alpha == 255) continue;
    for (size_t c = i; c < i + 3; ++c)
      bgra[c] = static_cast<uint8_t>((bgra[c] * 255 + alpha / 2) / alpha);
  }
}

}  // namespace

CursorInfo ParseCursorInfo(const vfio_device_gfx_plane_info& info,
                           PlaneKind kind, const PlaneLayout& primary) {
  CursorInfo cursor;
  cursor.is_pointer = true;
  if (info.drm_format == 0 || info.size == 0 || info.width == 0 ||
      info.height == 0) {
    return cursor;
  }
  if (info.width > kMaxCursorSidePx || info.height > kMaxCursorSidePx ||
      InMemoryOf(info, kind, primary)) {
    cursor.is_pointer = false;
    return cursor;
  }
  const std::optional<int32_t> x = Place(info.x_pos);
  const std::optional<int32_t> y = Place(info.y_pos);
  const auto shape = ParsePlaneInfo(info, kind);
  if (!x.has_value() || !y.has_value() ||
      absl::IsInvalidArgument(shape.status())) {
    return cursor;
  }
  cursor.visible = true;
  cursor.at = {*x, *y};
  // Also 0xFFFFFFFF, which means unknown.
  if (info.x_hot < info.width && info.y_hot < info.height) {
    cursor.hot_spot = Point{static_cast<int32_t>(info.x_hot),
                            static_cast<int32_t>(info.y_hot)};
  }
  if (shape.ok()) cursor.shape = *shape;
  return cursor;
}

std::vector<uint8_t> ToStraightAlpha(const PlaneLayout& layout,
                                     std::span<const uint8_t> pixels) {
  const auto count = static_cast<size_t>(layout.size.AreaPx());
  std::vector<uint8_t> bgra(count * 4);
  const auto format = FindSourceFormat(layout.format);
  if (!format.ok()) return bgra;
  // All rows at once: there are no gaps.
  if (format->row.convert != nullptr) {
    format->row.convert(pixels.data(), static_cast<int32_t>(count),
                        bgra.data());
  } else {
    std::memcpy(bgra.data(), pixels.data(), bgra.size());
  }
  const bool has_alpha = HasAlpha(layout.format.fourcc);
  for (size_t i = 3; i < bgra.size(); i += 4)
    bgra[i] = has_alpha ? pixels[i] : 0xFF;
  if (has_alpha && IsPremultiplied(bgra)) Divide(bgra);
  return bgra;
}

}  // namespace oriel::capture
