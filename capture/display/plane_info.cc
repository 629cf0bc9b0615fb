#include "capture/display/plane_info.h"

#include <limits>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/display/pixel_convert.h"

namespace oriel::capture {
namespace {

// Of a checked layout, whose format is known.
uint64_t RowBytes(const PlaneLayout& layout) {
  const absl::StatusOr<SourceFormat> format = FindSourceFormat(layout.format);
  return format.ok() ? static_cast<uint64_t>(layout.size.width_px) *
                           static_cast<uint64_t>(format->row.bytes_per_pixel)
                     : 0;
}

absl::Status CheckSide(const char* name, uint32_t side_px) {
  if (side_px >= 1 && side_px <= uint32_t{kMaxPlaneSidePx}) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("the plane is %u pixels %s; 1 to %d are allowed", side_px,
                      name, kMaxPlaneSidePx));
}

std::string Describe(const PlaneLayout& layout) {
  return absl::StrFormat("the plane's %dx%d pixels of %s", layout.size.width_px,
                         layout.size.height_px, layout.format.ToString());
}

}  // namespace

bool SameShape(const PlaneLayout& a, const PlaneLayout& b) {
  PlaneLayout like_a = b;
  if (a.dma_buf_id.has_value() && b.dma_buf_id.has_value())
    like_a.dma_buf_id = a.dma_buf_id;
  return like_a == a;
}

uint64_t ImageBytes(const PlaneLayout& layout) {
  return uint64_t{layout.stride_bytes} *
             static_cast<uint64_t>(layout.size.height_px - 1) +
         RowBytes(layout);
}

absl::Status CheckPlaneLayout(const PlaneLayout& layout) {
  // Negative ones become far too large.
  RETURN_IF_ERROR(
      CheckSide("wide", static_cast<uint32_t>(layout.size.width_px)));
  RETURN_IF_ERROR(
      CheckSide("high", static_cast<uint32_t>(layout.size.height_px)));
  RETURN_IF_ERROR(FindSourceFormat(layout.format).status());
  const uint64_t row_bytes = RowBytes(layout);
  if (layout.stride_bytes < row_bytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s need %u bytes a row, but its stride is %u bytes",
                        Describe(layout), row_bytes, layout.stride_bytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<PlaneLayout>> ParsePlaneInfo(
    const vfio_device_gfx_plane_info& info, PlaneKind kind) {
  if (info.drm_format == 0 || info.size == 0 || info.width == 0 ||
      info.height == 0) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(CheckSide("wide", info.width));
  RETURN_IF_ERROR(CheckSide("high", info.height));
  PlaneLayout layout;
  layout.format = {info.drm_format, info.drm_format_mod};
  layout.size = {static_cast<int32_t>(info.width),
                 static_cast<int32_t>(info.height)};
  layout.stride_bytes = info.stride;
  if (kind == PlaneKind::kDmaBuf) {
    layout.dma_buf_id = info.dmabuf_id;
  } else {
    layout.region_index = info.region_index;
  }
  RETURN_IF_ERROR(CheckPlaneLayout(layout));
  if (ImageBytes(layout) > info.size) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s with a stride of %u bytes need %u bytes, but the device says that "
        "the plane has %u",
        Describe(layout), layout.stride_bytes, ImageBytes(layout), info.size));
  }
  return layout;
}

absl::Status CheckPlaneFits(const PlaneLayout& layout, const Region& region) {
  const uint64_t image_bytes = ImageBytes(layout);
  if (image_bytes <= region.size_bytes &&
      layout.offset_bytes <= region.size_bytes - image_bytes) {
    return absl::OkStatus();
  }
  if (layout.offset_bytes >
      std::numeric_limits<uint64_t>::max() - image_bytes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s begin at byte %u of region %u, which has %u bytes",
                        Describe(layout), layout.offset_bytes,
                        region.address.index, region.size_bytes));
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s with a stride of %u bytes do not fit: rows end at byte %u of region "
      "%u, which has %u bytes",
      Describe(layout), layout.stride_bytes, layout.offset_bytes + image_bytes,
      region.address.index, region.size_bytes));
}

}  // namespace oriel::capture
