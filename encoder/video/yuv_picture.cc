#include "encoder/video/yuv_picture.h"

extern "C" {
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::encoder {
namespace {

// swscale's loops read and write whole vectors.
constexpr size_t kVectorPx = 32;

int32_t RoundUpToEven(int32_t value) { return value + value % 2; }

}  // namespace

void YuvPicture::FreeFrame::operator()(AVFrame* frame) const {
  av_frame_free(&frame);
}

void YuvPicture::FreeSws::operator()(SwsContext* context) const {
  sws_freeContext(context);
}

YuvPicture::~YuvPicture() = default;

absl::StatusOr<std::unique_ptr<YuvPicture>> YuvPicture::Make(Size size) {
  std::unique_ptr<YuvPicture> picture(new YuvPicture(size));
  const int32_t width_px = RoundUpToEven(size.width_px);
  const int32_t height_px = RoundUpToEven(size.height_px);
  picture->frame_.reset(av_frame_alloc());
  AVFrame* frame = picture->frame_.get();
  if (frame == nullptr) return absl::ResourceExhaustedError("no memory");
  frame->format = AV_PIX_FMT_YUV420P;
  frame->width = width_px;
  frame->height = height_px;
  frame->color_range = AVCOL_RANGE_MPEG;
  frame->colorspace = AVCOL_SPC_BT709;
  frame->color_primaries = AVCOL_PRI_BT709;
  frame->color_trc = AVCOL_TRC_BT709;
  if (av_frame_get_buffer(frame, 0) < 0) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "no memory for a YUV picture of %dx%d px", width_px, height_px));
  }
  ASSIGN_OR_RETURN(picture->full_band_,
                   MakeConverter(width_px, std::min(kBandHeightPx, height_px)));
  const int32_t last_height_px = height_px % kBandHeightPx;
  if (last_height_px != 0 && height_px > kBandHeightPx) {
    ASSIGN_OR_RETURN(picture->last_band_,
                     MakeConverter(width_px, last_height_px));
  }
  const size_t staged_px = (width_px + kVectorPx - 1) / kVectorPx * kVectorPx;
  picture->staging_stride_bytes_ = staged_px * kBytesPerPixel;
  picture->staging_.resize(picture->staging_stride_bytes_ *
                           (kBandHeightPx + 1));
  return picture;
}

// Not SWS_FAST_BILINEAR: it resamples luma, and blurs it, even where sizes are
// the same.
absl::StatusOr<YuvPicture::SwsPtr> YuvPicture::MakeConverter(
    int32_t width_px, int32_t height_px) {
  SwsPtr converter(sws_getContext(width_px, height_px, AV_PIX_FMT_BGR0,
                                  width_px, height_px, AV_PIX_FMT_YUV420P,
                                  SWS_BILINEAR, nullptr, nullptr, nullptr));
  const int* const bt709 = sws_getCoefficients(SWS_CS_ITU709);
  constexpr int kFull = 1;
  constexpr int kLimited = 0;
  constexpr int kOne = 1 << 16;
  if (converter == nullptr ||
      sws_setColorspaceDetails(converter.get(), bt709, kFull, bt709, kLimited,
                               0, kOne, kOne) < 0) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "swscale cannot convert bands of %dx%d px", width_px, height_px));
  }
  return converter;
}

absl::Status YuvPicture::Convert(const BandedPicture& picture,
                                 const Damage& damage) {
  for (int band = 0; band < picture.band_count(); ++band) {
    if (!damage.Intersects(picture.BandRect(band))) continue;
    RETURN_IF_ERROR(ConvertBand(picture, band));
  }
  return absl::OkStatus();
}

absl::Status YuvPicture::ConvertBand(const BandedPicture& picture, int band) {
  const Rect rect = picture.BandRect(band);
  const uint8_t* pixels = picture.Row(rect.y_px);
  int stride_bytes = static_cast<int>(picture.stride_bytes());
  if (size_.width_px % kVectorPx != 0 || rect.height_px % 2 != 0) {
    Stage(picture, rect);
    pixels = staging_.data();
    stride_bytes = static_cast<int>(staging_stride_bytes_);
  }
  uint8_t* planes[3];
  for (int i = 0; i < 3; ++i) {
    const int32_t row = i == 0 ? rect.y_px : rect.y_px / 2;
    planes[i] = frame_->data[i] + size_t(row) * frame_->linesize[i];
  }
  SwsContext* const converter =
      last_band_ != nullptr && band == picture.band_count() - 1
          ? last_band_.get()
          : full_band_.get();
  const int32_t height_px = RoundUpToEven(rect.height_px);
  if (sws_scale(converter, &pixels, &stride_bytes, 0, height_px, planes,
                frame_->linesize) != height_px) {
    return absl::InternalError(
        absl::StrFormat("swscale failed on band %d of the picture", band));
  }
  return absl::OkStatus();
}

void YuvPicture::Stage(const BandedPicture& picture, const Rect& band) {
  const size_t row_bytes = picture.stride_bytes();
  for (int32_t row = 0; row < RoundUpToEven(band.height_px); ++row) {
    const int32_t y = std::min(band.y_px + row, band.bottom_px() - 1);
    uint8_t* out = staging_.data() + row * staging_stride_bytes_;
    std::memcpy(out, picture.Row(y), row_bytes);
    if (size_.width_px % 2 != 0) {
      std::memcpy(out + row_bytes, out + row_bytes - kBytesPerPixel,
                  kBytesPerPixel);
    }
  }
}

}  // namespace oriel::encoder
