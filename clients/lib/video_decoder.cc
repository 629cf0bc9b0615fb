#include "clients/lib/video_decoder.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>
}

#include <climits>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::clients {
namespace {

// What FFmpeg may add to a side for macroblocks and for aligned rows.
constexpr int64_t kMaxSidePaddingPx = 128;
constexpr int64_t kThreadedPx = int64_t{1280} * 720;
// swscale writes whole vectors at the end of a row.
constexpr size_t kRowAlignmentBytes = 128;

template <typename Number>
Number RoundUp(Number value, Number step) {
  return (value + step - 1) / step * step;
}

const char* NameOf(v1::VideoCodec codec) {
  switch (codec) {
    case v1::VIDEO_CODEC_H264:
      return "H.264";
    case v1::VIDEO_CODEC_VP9:
      return "VP9";
    case v1::VIDEO_CODEC_AV1:
      return "AV1";
    default:
      return "unknown video";
  }
}

// By name: each must keep to max_pixels, as libaom's decoder does not, and must
// not be a GPU's.
const AVCodec* FindDecoder(v1::VideoCodec codec) {
  switch (codec) {
    case v1::VIDEO_CODEC_H264:
      return avcodec_find_decoder_by_name("h264");
    case v1::VIDEO_CODEC_VP9:
      return avcodec_find_decoder_by_name("vp9");
    case v1::VIDEO_CODEC_AV1:
      return avcodec_find_decoder_by_name("libdav1d");
    default:
      return nullptr;
  }
}

std::string AvReason(int code) {
  char reason[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, reason, sizeof(reason));
  return reason;
}

// The J formats are the plain ones in full range, by their old names.
int PlainFormat(int format) {
  if (format == AV_PIX_FMT_YUVJ420P) return AV_PIX_FMT_YUV420P;
  if (format == AV_PIX_FMT_YUVJ444P) return AV_PIX_FMT_YUV444P;
  return format;
}

bool IsFullRange(const AVFrame& frame) {
  return frame.color_range == AVCOL_RANGE_JPEG ||
         PlainFormat(frame.format) != frame.format;
}

}  // namespace

void VideoDecoder::FreeContext::operator()(AVCodecContext* context) const {
  avcodec_free_context(&context);
}
void VideoDecoder::FreeFrame::operator()(AVFrame* frame) const {
  av_frame_free(&frame);
}
void VideoDecoder::FreePacket::operator()(AVPacket* packet) const {
  av_packet_free(&packet);
}
void VideoDecoder::FreeSws::operator()(SwsContext* context) const {
  sws_freeContext(context);
}

VideoDecoder::VideoDecoder(v1::VideoCodec codec, Size size)
    : codec_(codec),
      size_(size),
      coded_size_{RoundUp(size.width_px, 2), RoundUp(size.height_px, 2)},
      stride_bytes_(RoundUp(size_t(coded_size_.width_px) * kBytesPerPixel,
                            kRowAlignmentBytes)) {}

VideoDecoder::~VideoDecoder() = default;

absl::StatusOr<std::unique_ptr<VideoDecoder>> VideoDecoder::Make(
    v1::VideoCodec codec, Size size) {
  std::unique_ptr<VideoDecoder> decoder(new VideoDecoder(codec, size));
  RETURN_IF_ERROR(decoder->Open());
  return decoder;
}

absl::Status VideoDecoder::Open() {
  const AVCodec* const codec = FindDecoder(codec_);
  if (codec == nullptr) {
    return absl::UnimplementedError(
        absl::StrFormat("this machine's FFmpeg decodes no %s; ask for another "
                        "encoding",
                        NameOf(codec_)));
  }
  context_.reset(avcodec_alloc_context3(codec));
  packet_.reset(av_packet_alloc());
  frame_.reset(av_frame_alloc());
  if (context_ == nullptr || packet_ == nullptr || frame_ == nullptr) {
    return absl::ResourceExhaustedError("no memory for a video decoder");
  }
  context_->flags |= AV_CODEC_FLAG_LOW_DELAY;
  context_->thread_type = FF_THREAD_SLICE;
  context_->thread_count = size_.AreaPx() >= kThreadedPx ? 2 : 1;
  // A concealed error is a wrong picture that nobody knows of.
  context_->err_recognition = AV_EF_EXPLODE;
  // What a stream says about its size must not decide how much is allocated.
  context_->max_pixels = (size_.width_px + kMaxSidePaddingPx) *
                         (size_.height_px + kMaxSidePaddingPx);
  context_->log_level_offset = 64;
  const int code = avcodec_open2(context_.get(), codec, nullptr);
  if (code < 0) {
    return absl::InternalError(absl::StrFormat("opening the %s decoder: %s",
                                               NameOf(codec_), AvReason(code)));
  }
  pixels_.resize(stride_bytes_ * coded_size_.height_px + kRowAlignmentBytes);
  return absl::OkStatus();
}

absl::Status VideoDecoder::Invalid(const std::string& why) const {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s access unit: %s", NameOf(codec_), why));
}

absl::StatusOr<PictureView> VideoDecoder::Decode(
    std::span<const uint8_t> access_unit) {
  RETURN_IF_ERROR(DecodeFrame(access_unit));
  RETURN_IF_ERROR(CheckFrame());
  RETURN_IF_ERROR(PrepareConverter());
  uint8_t* const planes[] = {pixels_.data()};
  const int strides[] = {static_cast<int>(stride_bytes_)};
  const int rows = sws_scale(converter_.get(), frame_->data, frame_->linesize,
                             0, coded_size_.height_px, planes, strides);
  av_frame_unref(frame_.get());
  if (rows != coded_size_.height_px) {
    return absl::InternalError("swscale failed on a decoded picture");
  }
  return PictureView{pixels_.data(), stride_bytes_, size_};
}

absl::Status VideoDecoder::DecodeFrame(std::span<const uint8_t> access_unit) {
  if (access_unit.empty() || access_unit.size() > INT_MAX / 2) {
    return Invalid("is empty or too large");
  }
  // FFmpeg reads past the end, into padding that this makes.
  int code = av_new_packet(packet_.get(), static_cast<int>(access_unit.size()));
  if (code < 0) return absl::ResourceExhaustedError("no memory");
  std::memcpy(packet_->data, access_unit.data(), access_unit.size());
  code = avcodec_send_packet(context_.get(), packet_.get());
  av_packet_unref(packet_.get());
  if (code == 0) code = avcodec_receive_frame(context_.get(), frame_.get());
  if (code == AVERROR(EAGAIN)) return Invalid("holds no picture");
  if (code < 0) return Invalid(AvReason(code));
  return CheckNoMore();
}

absl::Status VideoDecoder::CheckNoMore() {
  const std::unique_ptr<AVFrame, FreeFrame> second(av_frame_alloc());
  if (second == nullptr) return absl::ResourceExhaustedError("no memory");
  const int code = avcodec_receive_frame(context_.get(), second.get());
  if (code == AVERROR(EAGAIN)) return absl::OkStatus();
  return Invalid(code < 0 ? AvReason(code) : "holds more than one picture");
}

absl::Status VideoDecoder::CheckFrame() const {
  if ((frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0 ||
      frame_->decode_error_flags != 0) {
    return Invalid("is damaged");
  }
  if (frame_->width != coded_size_.width_px ||
      frame_->height != coded_size_.height_px) {
    return Invalid(absl::StrFormat("codes %dx%d px for a rectangle of %dx%d px",
                                   frame_->width, frame_->height,
                                   size_.width_px, size_.height_px));
  }
  const int format = PlainFormat(frame_->format);
  if (format != AV_PIX_FMT_YUV420P && format != AV_PIX_FMT_YUV444P) {
    return Invalid(
        "has more than eight bits, or a chroma format, that this "
        "client cannot show");
  }
  return absl::OkStatus();
}

absl::Status VideoDecoder::PrepareConverter() {
  const int format = PlainFormat(frame_->format);
  const int range = IsFullRange(*frame_) ? 1 : 0;
  if (format == converter_format_ && range == converter_range_) {
    return absl::OkStatus();
  }
  const int width = coded_size_.width_px;
  const int height = coded_size_.height_px;
  // BGRA, not BGR0: it sets the fourth byte to 0xFF.
  converter_.reset(sws_getContext(
      width, height, static_cast<AVPixelFormat>(format), width, height,
      AV_PIX_FMT_BGRA, SWS_BILINEAR, nullptr, nullptr, nullptr));
  const int* const bt709 = sws_getCoefficients(SWS_CS_ITU709);
  constexpr int kOne = 1 << 16;
  if (converter_ == nullptr ||
      sws_setColorspaceDetails(converter_.get(), bt709, range, bt709, 1, 0,
                               kOne, kOne) < 0) {
    converter_format_ = -1;
    return absl::ResourceExhaustedError("swscale cannot convert to BGRX");
  }
  converter_format_ = format;
  converter_range_ = range;
  return absl::OkStatus();
}

}  // namespace oriel::clients
