#include "clients/cli/h264_samples.h"

#include <memory>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/dict.h>
#include <libavutil/frame.h>
}

namespace oriel::clients {
namespace {

struct ContextDeleter {
  void operator()(AVCodecContext* context) const {
    avcodec_free_context(&context);
  }
};
struct FrameDeleter {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct PacketDeleter {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};

std::unique_ptr<AVCodecContext, ContextDeleter> OpenEncoder(
    int width_px, int height_px, int keyframe_interval) {
  const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
  if (codec == nullptr) return nullptr;
  std::unique_ptr<AVCodecContext, ContextDeleter> context(
      avcodec_alloc_context3(codec));
  context->width = width_px;
  context->height = height_px;
  context->pix_fmt = AV_PIX_FMT_YUV420P;
  context->time_base = {1, 60};
  context->gop_size = keyframe_interval;
  context->thread_count = 1;
  av_log_set_level(AV_LOG_ERROR);
  AVDictionary* options = nullptr;
  av_dict_set(&options, "preset", "ultrafast", 0);
  av_dict_set(&options, "tune", "zerolatency", 0);
  av_dict_set(&options, "x264-params", "scenecut=0", 0);
  const int error = avcodec_open2(context.get(), codec, &options);
  av_dict_free(&options);
  return error < 0 ? nullptr : std::move(context);
}

void Paint(AVFrame& frame, int number) {
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      // Noise in a moving square, so that every picture weighs something.
      const bool inside = (x + number * 8) % frame.width < 64 && y % 128 < 64;
      frame.data[0][y * frame.linesize[0] + x] = static_cast<uint8_t>(
          inside ? (x * 31 + y * 17 + number * 7) * 2654435761u >> 24
                 : 16 + x % 200);
    }
  }
  for (int plane = 1; plane < 3; ++plane) {
    for (int y = 0; y < (frame.height + 1) / 2; ++y) {
      for (int x = 0; x < (frame.width + 1) / 2; ++x) {
        frame.data[plane][y * frame.linesize[plane] + x] = 128;
      }
    }
  }
}

}  // namespace

std::vector<AccessUnit> EncodeH264Samples(int width_px, int height_px,
                                          int count, int keyframe_interval) {
  std::vector<AccessUnit> units;
  const auto context = OpenEncoder(width_px, height_px, keyframe_interval);
  if (context == nullptr) return units;
  const std::unique_ptr<AVPacket, PacketDeleter> packet(av_packet_alloc());
  for (int number = 0; number < count; ++number) {
    const std::unique_ptr<AVFrame, FrameDeleter> frame(av_frame_alloc());
    frame->format = context->pix_fmt;
    frame->width = width_px;
    frame->height = height_px;
    frame->pts = number;
    if (av_frame_get_buffer(frame.get(), 0) < 0) return {};
    Paint(*frame, number);
    if (avcodec_send_frame(context.get(), frame.get()) < 0 ||
        avcodec_receive_packet(context.get(), packet.get()) < 0) {
      return {};
    }
    units.push_back({std::string(packet->data, packet->data + packet->size),
                     (packet->flags & AV_PKT_FLAG_KEY) != 0});
    av_packet_unref(packet.get());
  }
  return units;
}

}  // namespace oriel::clients
