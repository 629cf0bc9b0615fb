#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <memory>

namespace oriel::encoder {

struct FreeAv {
  void operator()(AVCodecContext* context) const {
    avcodec_free_context(&context);
  }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(SwsContext* context) const { sws_freeContext(context); }
};

// Owns an FFmpeg object. A context of libx264 must be closed under the lock of
// ffmpeg_backend.cc, which this does not take.
template <typename Object>
using AvPtr = std::unique_ptr<Object, FreeAv>;

}  // namespace oriel::encoder
