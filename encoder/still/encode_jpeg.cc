#include <string>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "encoder/still/av_objects.h"
#include "encoder/still/jpeg.h"
#include "encoder/video/av_log_capture.h"

namespace oriel::encoder {
namespace {

absl::Status Failed(const char* what, const Rect& rect,
                    const std::string& why) {
  return absl::InternalError(absl::StrFormat(
      "%s a JPEG of %dx%d px: %s", what, rect.width_px, rect.height_px, why));
}

absl::Status Open(const Rect& rect, const JpegSettings& settings,
                  const AvLogCapture& log, AvCodecObjects& av) {
  const Size size = Shrunk({rect.width_px, rect.height_px}, settings.shrink);
  av.context->width = size.width_px;
  av.context->height = size.height_px;
  av.context->pix_fmt = AV_PIX_FMT_YUVJ420P;
  av.context->color_range = AVCOL_RANGE_JPEG;
  av.context->time_base = {1, 1};
  // With it FFmpeg writes the JFIF header.
  av.context->sample_aspect_ratio = {1, 1};
  av.context->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
  av.context->global_quality = FF_QP2LAMBDA * settings.quantizer;
  int code = avcodec_open2(av.context.get(), av.context->codec, nullptr);
  if (code < 0) return Failed("opening", rect, log.Reason(code));
  av.frame->width = size.width_px;
  av.frame->height = size.height_px;
  av.frame->format = av.context->pix_fmt;
  av.frame->color_range = AVCOL_RANGE_JPEG;
  av.frame->quality = av.context->global_quality;
  code = av_frame_get_buffer(av.frame.get(), 0);
  return code < 0 ? Failed("making", rect, log.Reason(code)) : absl::OkStatus();
}

absl::Status Convert(const BandedPicture& picture, const Rect& rect,
                     AVFrame& frame) {
  // 420P with a range: the J format is its old name, of which swscale warns.
  ASSIGN_OR_RETURN(
      const AvPtr<SwsContext> converter,
      MakeJpegConverter({rect.width_px, rect.height_px}, AV_PIX_FMT_BGR0,
                        {frame.width, frame.height}, AV_PIX_FMT_YUV420P));
  SwsRows rows({rect.width_px, rect.height_px});
  picture.CopyTo(rect, rows.bytes.data(), rows.stride_bytes);
  const uint8_t* const planes[] = {rows.bytes.data()};
  const int strides[] = {static_cast<int>(rows.stride_bytes)};
  if (sws_scale(converter.get(), planes, strides, 0, rect.height_px, frame.data,
                frame.linesize) != frame.height) {
    return Failed("converting for", rect, "swscale failed");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<uint8_t>> EncodeJpeg(const BandedPicture& picture,
                                                const Rect& rect,
                                                const JpegSettings& settings) {
  const AvLogCapture log;
  ASSIGN_OR_RETURN(AvCodecObjects av,
                   MakeAvObjects(avcodec_find_encoder_by_name("mjpeg")));
  RETURN_IF_ERROR(Open(rect, settings, log, av));
  RETURN_IF_ERROR(Convert(picture, rect, *av.frame));
  int code = avcodec_send_frame(av.context.get(), av.frame.get());
  if (code == 0)
    code = avcodec_receive_packet(av.context.get(), av.packet.get());
  if (code < 0) return Failed("encoding", rect, log.Reason(code));
  return std::vector<uint8_t>(av.packet->data,
                              av.packet->data + av.packet->size);
}

}  // namespace oriel::encoder
