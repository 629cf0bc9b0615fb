#include "service/snapshot/snapshot.h"

extern "C" {
#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/picture/picture.h"
#include "base/status_macros.h"
#include "service/snapshot/png_writer.h"

namespace oriel::snapshot {
namespace {

struct FreeSws {
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};

Size ScaledSize(Size size, uint32_t max_width_px) {
  if (max_width_px == 0 || int64_t{max_width_px} >= size.width_px) return size;
  const int64_t width = max_width_px;
  const int64_t height =
      (size.height_px * width + size.width_px / 2) / size.width_px;
  return {static_cast<int32_t>(width),
          static_cast<int32_t>(std::max<int64_t>(height, 1))};
}

// False: nothing of it lies in the picture.
bool DrawCursor(const capture::Cursor& cursor, Picture& picture) {
  if (!cursor.visible || cursor.shape == nullptr) return false;
  const Size size = cursor.shape->size;
  const Rect place =
      Intersection({cursor.x_px, cursor.y_px, size.width_px, size.height_px},
                   Rect::Of(picture.size()));
  for (int32_t y = place.y_px; y < place.bottom_px(); ++y) {
    const uint8_t* from = cursor.shape->bgra.data() +
                          (size_t(y - cursor.y_px) * size_t(size.width_px) +
                           size_t(place.x_px - cursor.x_px)) *
                              kBytesPerPixel;
    uint8_t* to = picture.MutableAt(place.x_px, y);
    for (int32_t x = 0; x < place.width_px; ++x) {
      const int alpha = from[3];
      for (int c = 0; c < 3; ++c) {
        to[c] = static_cast<uint8_t>(
            (from[c] * alpha + to[c] * (255 - alpha) + 127) / 255);
      }
      from += kBytesPerPixel;
      to += kBytesPerPixel;
    }
  }
  return !place.empty();
}

absl::StatusOr<Picture> Scale(const Picture& picture, Size size) {
  const Size from = picture.size();
  const std::unique_ptr<SwsContext, FreeSws> context(sws_getContext(
      from.width_px, from.height_px, AV_PIX_FMT_BGR0, size.width_px,
      size.height_px, AV_PIX_FMT_BGR0,
      SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP,
      nullptr, nullptr, nullptr));
  if (context == nullptr) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "cannot scale %dx%d to %dx%d; ask for a larger max_width_px",
        from.width_px, from.height_px, size.width_px, size.height_px));
  }
  Picture scaled(size);
  const uint8_t* const source[] = {picture.At(0, 0)};
  const int source_stride[] = {static_cast<int>(picture.stride_bytes())};
  uint8_t* const target[] = {scaled.MutableAt(0, 0)};
  const int target_stride[] = {static_cast<int>(scaled.stride_bytes())};
  if (sws_scale(context.get(), source, source_stride, 0, from.height_px, target,
                target_stride) != size.height_px) {
    return absl::InternalError(absl::StrFormat("scaling %dx%d to %dx%d failed",
                                               from.width_px, from.height_px,
                                               size.width_px, size.height_px));
  }
  return scaled;
}

}  // namespace

absl::StatusOr<Snapshot> MakeSnapshot(const capture::Frame& frame,
                                      const SnapshotOptions& options) {
  if (!frame.plane.on || frame.picture.empty()) {
    return absl::FailedPreconditionError(
        "the plane is off: the device scans out nothing now, often because "
        "the guest's driver has not started");
  }
  const Size original = frame.picture.size();
  Snapshot snapshot;
  snapshot.size = ScaledSize(original, options.max_width_px);
  Picture picture = frame.picture.ToPicture();
  const bool drawn_on = options.with_cursor && frame.cursor.has_value() &&
                        DrawCursor(*frame.cursor, picture);
  if (snapshot.size != original) {
    ASSIGN_OR_RETURN(picture, Scale(picture, snapshot.size));
  }
  snapshot.exact =
      !frame.plane.converted && !drawn_on && snapshot.size == original;
  ASSIGN_OR_RETURN(snapshot.png, WritePng(picture.view()));
  return snapshot;
}

}  // namespace oriel::snapshot
