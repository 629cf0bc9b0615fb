#include <climits>
#include <cstring>
#include <string>

#include "absl/strings/str_format.h"
#include "base/picture/picture.h"
#include "base/status_macros.h"
#include "encoder/still/av_objects.h"
#include "encoder/still/jpeg.h"
#include "encoder/video/av_log_capture.h"

namespace oriel::encoder {
namespace {

// What FFmpeg may add to a side for its blocks.
constexpr int64_t kMaxSidePaddingPx = 128;

absl::Status Invalid(const std::string& why) {
  return absl::InvalidArgumentError("still: " + why);
}

enum Marker : uint8_t {
  kBaselineFrame = 0xC0,
  kHuffmanTables = 0xC4,
  kLastFrame = 0xCF,
  kStart = 0xD8,
  kEnd = 0xD9,
  kScan = 0xDA,
};

// FFmpeg makes up what a JPEG without its end or its scan lacks, and knows
// kinds that browsers do not.
absl::Status CheckIsBaseline(std::span<const uint8_t> jpeg) {
  const size_t size = jpeg.size();
  if (size < 4 || size > INT_MAX / 2 || jpeg[0] != 0xFF || jpeg[1] != kStart ||
      jpeg[size - 2] != 0xFF || jpeg[size - 1] != kEnd) {
    return Invalid("is no whole JPEG");
  }
  bool has_frame = false;
  for (size_t at = 2; at + 4 <= size;) {
    const uint8_t marker = jpeg[at + 1];
    if (jpeg[at] != 0xFF) return Invalid("has bytes between its segments");
    if (marker == kScan) {
      return has_frame ? absl::OkStatus() : Invalid("has no frame header");
    }
    const bool is_frame = marker >= kBaselineFrame && marker <= kLastFrame &&
                          marker != kHuffmanTables;
    if (is_frame && (marker != kBaselineFrame || has_frame)) {
      return Invalid("is not one baseline JPEG");
    }
    has_frame |= is_frame;
    at += 2 + (size_t{jpeg[at + 2]} << 8 | jpeg[at + 3]);
  }
  return Invalid("has no scan");
}

absl::Status DecodeFrame(std::span<const uint8_t> jpeg, Size coded,
                         AvCodecObjects& av) {
  const AvLogCapture log;
  // A concealed error is a wrong picture that nobody knows of.
  av.context->err_recognition = AV_EF_EXPLODE;
  // What a JPEG says about its size must not decide how much is allocated.
  av.context->max_pixels = (coded.width_px + kMaxSidePaddingPx) *
                           (coded.height_px + kMaxSidePaddingPx);
  int code = avcodec_open2(av.context.get(), av.context->codec, nullptr);
  if (code < 0) return absl::InternalError("opening the JPEG decoder failed");
  // FFmpeg reads past the end, into padding that this makes.
  code = av_new_packet(av.packet.get(), static_cast<int>(jpeg.size()));
  if (code < 0) return absl::ResourceExhaustedError("no memory");
  std::memcpy(av.packet->data, jpeg.data(), jpeg.size());
  code = avcodec_send_packet(av.context.get(), av.packet.get());
  if (code == 0) code = avcodec_receive_frame(av.context.get(), av.frame.get());
  if (code < 0) return Invalid(log.Reason(code));
  if ((av.frame->flags & AV_FRAME_FLAG_CORRUPT) != 0 ||
      av.frame->decode_error_flags != 0) {
    return Invalid("is damaged");
  }
  if (av.frame->width != coded.width_px ||
      av.frame->height != coded.height_px) {
    return Invalid(absl::StrFormat("is %dx%d px, but must be %dx%d px",
                                   av.frame->width, av.frame->height,
                                   coded.width_px, coded.height_px));
  }
  return absl::OkStatus();
}

// The J formats are the plain ones in full range, by their old names.
absl::StatusOr<AVPixelFormat> PlainFormat(int format) {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
      return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
      return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
      return AV_PIX_FMT_YUV444P;
    default:
      return Invalid("is not YCbCr of eight bits");
  }
}

}  // namespace

absl::Status DecodeJpeg(std::span<const uint8_t> jpeg, Size size, int shrink,
                        std::span<uint8_t> out) {
  RETURN_IF_ERROR(CheckIsBaseline(jpeg));
  const Size coded = Shrunk(size, shrink);
  ASSIGN_OR_RETURN(AvCodecObjects av,
                   MakeAvObjects(avcodec_find_decoder_by_name("mjpeg")));
  RETURN_IF_ERROR(DecodeFrame(jpeg, coded, av));
  ASSIGN_OR_RETURN(const AVPixelFormat format, PlainFormat(av.frame->format));
  // BGRA, not BGR0: it sets the fourth byte to 0xFF.
  ASSIGN_OR_RETURN(const AvPtr<SwsContext> converter,
                   MakeJpegConverter(coded, format, size, AV_PIX_FMT_BGRA));
  const size_t row_bytes = size_t(size.width_px) * kBytesPerPixel;
  SwsRows rows(size);
  uint8_t* const planes[] = {rows.bytes.data()};
  const int strides[] = {static_cast<int>(rows.stride_bytes)};
  if (sws_scale(converter.get(), av.frame->data, av.frame->linesize, 0,
                coded.height_px, planes, strides) != size.height_px) {
    return absl::InternalError("swscale failed on a decoded still");
  }
  for (int32_t y = 0; y < size.height_px; ++y) {
    std::memcpy(out.data() + size_t(y) * row_bytes,
                rows.bytes.data() + size_t(y) * rows.stride_bytes, row_bytes);
  }
  return absl::OkStatus();
}

}  // namespace oriel::encoder
