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
                                      uint32_t max_width_px) {
  if (!frame.plane.on || frame.picture.empty()) {
    return absl::FailedPreconditionError(
        "the plane is off: the device scans out nothing now, often because "
        "the guest's driver has not started");
  }
  const Size original = frame.picture.size();
  Snapshot snapshot;
  snapshot.size = ScaledSize(original, max_width_px);
  Picture picture = frame.picture.ToPicture();
  if (snapshot.size != original) {
    ASSIGN_OR_RETURN(picture, Scale(picture, snapshot.size));
  }
  snapshot.exact = !frame.plane.converted && snapshot.size == original;
  ASSIGN_OR_RETURN(snapshot.png, WritePng(picture.view()));
  return snapshot;
}

}  // namespace oriel::snapshot
