#pragma once

#include "absl/status/statusor.h"
#include "base/picture/pixel_format.h"
#include "capture/damage/tile_scan.h"

namespace oriel::capture {

// How a plane's format is read.
struct SourceFormat {
  RowFormat row;
  // More than eight bits a channel: the picture is a conversion.
  bool converted = false;
};

// XR24, AR24, XB24, AB24, RG24, BG24, RG16, XR30 and XB30 (drm_fourcc.h, little
// endian), linear. Alpha is ignored: behind a primary plane lies nothing.
// kUnimplemented names the format and lists these.
absl::StatusOr<SourceFormat> FindSourceFormat(const PixelFormat& format);

}  // namespace oriel::capture
