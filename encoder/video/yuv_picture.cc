#include "encoder/video/yuv_picture.h"

extern "C" {
#include <libavutil/frame.h>
}

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "encoder/video/yuv_rows.h"

namespace oriel::encoder {
namespace {

int32_t RoundUpToEven(int32_t value) { return value + value % 2; }

AVPixelFormat FormatOf(Chroma chroma) {
  return chroma == Chroma::k444 ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P;
}

}  // namespace

void YuvPicture::FreeFrame::operator()(AVFrame* frame) const {
  av_frame_free(&frame);
}

YuvPicture::~YuvPicture() = default;

absl::StatusOr<std::unique_ptr<YuvPicture>> YuvPicture::Make(const Rect& area,
                                                             Chroma chroma) {
  std::unique_ptr<YuvPicture> picture(new YuvPicture(area, chroma));
  RETURN_IF_ERROR(picture->MakeFrame());
  return picture;
}

absl::Status YuvPicture::MakeFrame() {
  frame_.reset(av_frame_alloc());
  if (frame_ == nullptr) return absl::ResourceExhaustedError("no memory");
  frame_->format = FormatOf(chroma_);
  frame_->width = RoundUpToEven(area_.width_px);
  frame_->height = RoundUpToEven(area_.height_px);
  frame_->color_range = AVCOL_RANGE_MPEG;
  frame_->colorspace = AVCOL_SPC_BT709;
  frame_->color_primaries = AVCOL_PRI_BT709;
  frame_->color_trc = AVCOL_TRC_BT709;
  if (av_frame_get_buffer(frame_.get(), 0) < 0) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("no memory for a YUV picture of %dx%d px",
                        frame_->width, frame_->height));
  }
  return absl::OkStatus();
}

void YuvPicture::Convert(const BandedPicture& picture, const Damage& damage) {
  for (int32_t row = 0; row < area_.height_px; row += kBandHeightPx) {
    const Rect strip = {area_.x_px, area_.y_px + row, area_.width_px,
                        std::min(kBandHeightPx, area_.height_px - row)};
    if (damage.Intersects(strip))
      ConvertRows(picture, row, row + strip.height_px);
  }
}

void YuvPicture::ConvertRows(const BandedPicture& picture, int32_t first,
                             int32_t end) {
  const size_t left_bytes = size_t(area_.x_px) * kBytesPerPixel;
  const auto row_of = [&](int32_t row) {
    return picture.Row(area_.y_px + std::min(row, end - 1)) + left_bytes;
  };
  const auto out = [&](int plane, int32_t row) {
    return frame_->data[plane] + ptrdiff_t{row} * frame_->linesize[plane];
  };
  const size_t width_px = size_t(area_.width_px);
  if (chroma_ == Chroma::k444) {
    for (int32_t row = first; row < RoundUpToEven(end); ++row)
      ConvertRow(row_of(row), width_px, out(0, row), out(1, row), out(2, row));
    return;
  }
  for (int32_t row = first; row < end; row += 2) {
    ConvertTwoRows(row_of(row), row_of(row + 1), width_px, out(0, row),
                   out(0, row + 1), out(1, row / 2), out(2, row / 2));
  }
}

}  // namespace oriel::encoder
