#include "encoder/still/av_objects.h"

#include "absl/strings/str_format.h"
#include "base/picture/picture.h"

namespace oriel::encoder {
namespace {

constexpr size_t kVectorBytes = 128;

}  // namespace

absl::StatusOr<AvCodecObjects> MakeAvObjects(const AVCodec* codec) {
  if (codec == nullptr) {
    return absl::UnimplementedError("this machine's FFmpeg knows no JPEG");
  }
  AvCodecObjects objects;
  objects.context.reset(avcodec_alloc_context3(codec));
  objects.frame.reset(av_frame_alloc());
  objects.packet.reset(av_packet_alloc());
  if (objects.context == nullptr || objects.frame == nullptr ||
      objects.packet == nullptr) {
    return absl::ResourceExhaustedError("no memory for a JPEG codec");
  }
  objects.context->thread_count = 1;
  return objects;
}

absl::StatusOr<AvPtr<SwsContext>> MakeJpegConverter(Size from,
                                                    AVPixelFormat from_format,
                                                    Size to,
                                                    AVPixelFormat to_format) {
  // Area averages what a smaller picture leaves out; it cannot enlarge.
  const int scaler = to.AreaPx() < from.AreaPx() ? SWS_AREA : SWS_BILINEAR;
  AvPtr<SwsContext> converter(sws_getContext(
      from.width_px, from.height_px, from_format, to.width_px, to.height_px,
      to_format, scaler, nullptr, nullptr, nullptr));
  const int* const bt601 = sws_getCoefficients(SWS_CS_ITU601);
  constexpr int kFull = 1;
  constexpr int kOne = 1 << 16;
  if (converter == nullptr ||
      sws_setColorspaceDetails(converter.get(), bt601, kFull, bt601, kFull, 0,
                               kOne, kOne) < 0) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "swscale cannot convert %dx%d px to %dx%d px", from.width_px,
        from.height_px, to.width_px, to.height_px));
  }
  return converter;
}

SwsRows::SwsRows(Size size)
    : stride_bytes(
          (size_t(size.width_px) * kBytesPerPixel + 2 * kVectorBytes - 1) /
          kVectorBytes * kVectorBytes),
      bytes(stride_bytes * size_t(size.height_px) + kVectorBytes) {}

Size Shrunk(Size size, int shrink) {
  return {(size.width_px + shrink - 1) / shrink,
          (size.height_px + shrink - 1) / shrink};
}

}  // namespace oriel::encoder
