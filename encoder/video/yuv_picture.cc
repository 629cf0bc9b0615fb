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

AVPixelFormat FormatOf(Chroma chroma) {
  return chroma == Chroma::k444 ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P;
}

}  // namespace

void YuvPicture::FreeFrame::operator()(AVFrame* frame) const {
  av_frame_free(&frame);
}

void YuvPicture::FreeSws::operator()(SwsContext* context) const {
  sws_freeContext(context);
}

YuvPicture::~YuvPicture() = default;

absl::StatusOr<std::unique_ptr<YuvPicture>> YuvPicture::Make(const Rect& area,
                                                             Chroma chroma) {
  std::unique_ptr<YuvPicture> picture(new YuvPicture(area, chroma));
  RETURN_IF_ERROR(picture->MakeFrame());
  const int32_t height_px = picture->frame_->height;
  ASSIGN_OR_RETURN(picture->full_strip_,
                   picture->MakeConverter(std::min(kBandHeightPx, height_px)));
  const int32_t last_height_px = height_px % kBandHeightPx;
  if (last_height_px != 0 && height_px > kBandHeightPx) {
    ASSIGN_OR_RETURN(picture->last_strip_,
                     picture->MakeConverter(last_height_px));
  }
  const size_t staged_px =
      (picture->frame_->width + kVectorPx - 1) / kVectorPx * kVectorPx;
  picture->staging_stride_bytes_ = staged_px * kBytesPerPixel;
  picture->staging_.resize(picture->staging_stride_bytes_ *
                           (kBandHeightPx + 1));
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

// Not SWS_FAST_BILINEAR: it resamples luma, and blurs it, even where sizes are
// the same.
absl::StatusOr<YuvPicture::SwsPtr> YuvPicture::MakeConverter(
    int32_t height_px) const {
  SwsPtr converter(sws_getContext(frame_->width, height_px, AV_PIX_FMT_BGR0,
                                  frame_->width, height_px, FormatOf(chroma_),
                                  SWS_BILINEAR, nullptr, nullptr, nullptr));
  const int* const bt709 = sws_getCoefficients(SWS_CS_ITU709);
  constexpr int kFull = 1;
  constexpr int kLimited = 0;
  constexpr int kOne = 1 << 16;
  if (converter == nullptr ||
      sws_setColorspaceDetails(converter.get(), bt709, kFull, bt709, kLimited,
                               0, kOne, kOne) < 0) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "swscale cannot convert strips of %dx%d px", frame_->width, height_px));
  }
  return converter;
}

absl::Status YuvPicture::Convert(const BandedPicture& picture,
                                 const Damage& damage) {
  for (int32_t row = 0; row < area_.height_px; row += kBandHeightPx) {
    const Rect strip = {area_.x_px, area_.y_px + row, area_.width_px,
                        std::min(kBandHeightPx, area_.height_px - row)};
    if (!damage.Intersects(strip)) continue;
    RETURN_IF_ERROR(ConvertStrip(picture, strip));
  }
  return absl::OkStatus();
}

absl::Status YuvPicture::ConvertStrip(const BandedPicture& picture,
                                      const Rect& strip) {
  const uint8_t* pixels = picture.Row(strip.y_px);
  int stride_bytes = static_cast<int>(picture.stride_bytes());
  if (!IsInPlace(picture, strip)) {
    Stage(picture, strip);
    pixels = staging_.data();
    stride_bytes = static_cast<int>(staging_stride_bytes_);
  }
  const int32_t row = strip.y_px - area_.y_px;
  const int32_t chroma_row = chroma_ == Chroma::k444 ? row : row / 2;
  uint8_t* planes[3];
  for (int i = 0; i < 3; ++i) {
    planes[i] = frame_->data[i] +
                size_t(i == 0 ? row : chroma_row) * frame_->linesize[i];
  }
  const bool is_last = strip.bottom_px() == area_.bottom_px();
  SwsContext* const converter =
      is_last && last_strip_ != nullptr ? last_strip_.get() : full_strip_.get();
  const int32_t height_px = RoundUpToEven(strip.height_px);
  if (sws_scale(converter, &pixels, &stride_bytes, 0, height_px, planes,
                frame_->linesize) != height_px) {
    return absl::InternalError(
        absl::StrFormat("swscale failed on rows %d to %d of a picture's area",
                        row, row + strip.height_px));
  }
  return absl::OkStatus();
}

bool YuvPicture::IsInPlace(const BandedPicture& picture,
                           const Rect& strip) const {
  return strip.width_px == picture.size().width_px &&
         strip.width_px % kVectorPx == 0 && strip.height_px % 2 == 0 &&
         strip.y_px % kBandHeightPx == 0;
}

void YuvPicture::Stage(const BandedPicture& picture, const Rect& strip) {
  const size_t left_bytes = size_t(strip.x_px) * kBytesPerPixel;
  const size_t row_bytes = size_t(strip.width_px) * kBytesPerPixel;
  for (int32_t row = 0; row < RoundUpToEven(strip.height_px); ++row) {
    const int32_t y = std::min(strip.y_px + row, strip.bottom_px() - 1);
    uint8_t* out = staging_.data() + row * staging_stride_bytes_;
    std::memcpy(out, picture.Row(y) + left_bytes, row_bytes);
    if (strip.width_px % 2 != 0) {
      std::memcpy(out + row_bytes, out + row_bytes - kBytesPerPixel,
                  kBytesPerPixel);
    }
  }
}

}  // namespace oriel::encoder
