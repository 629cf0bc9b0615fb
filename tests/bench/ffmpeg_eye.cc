// ffmpeg_eye [PICTURES] < NUT: ffmpeg's viewer. Decodes a video as it comes and
// prints what it sees of the marker.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

#include "tests/bench/marker.h"
#include "tests/bench/picture_request.h"

namespace oriel::bench {
namespace {

struct FreeFormat {
  void operator()(AVFormatContext* f) const { avformat_close_input(&f); }
};
struct FreeCodec {
  void operator()(AVCodecContext* c) const { avcodec_free_context(&c); }
};
struct FreePacket {
  void operator()(AVPacket* p) const { av_packet_free(&p); }
};
struct FreeFrame {
  void operator()(AVFrame* f) const { av_frame_free(&f); }
};
using Format = std::unique_ptr<AVFormatContext, FreeFormat>;
using Codec = std::unique_ptr<AVCodecContext, FreeCodec>;
using Packet = std::unique_ptr<AVPacket, FreePacket>;
using Frame = std::unique_ptr<AVFrame, FreeFrame>;

// NUT tells a packet's size, so nothing has to wait for the next one.
Format OpenStandardInput() {
  AVFormatContext* format = avformat_alloc_context();
  format->flags |= AVFMT_FLAG_NOBUFFER | AVFMT_FLAG_NOPARSE;
  if (avformat_open_input(&format, "pipe:0", av_find_input_format("nut"),
                          nullptr) != 0) {
    return nullptr;
  }
  return Format(format);
}

Codec OpenDecoder(const AVCodecParameters& parameters) {
  const AVCodec* decoder = avcodec_find_decoder(parameters.codec_id);
  Codec codec(avcodec_alloc_context3(decoder));
  avcodec_parameters_to_context(codec.get(), &parameters);
  codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
  codec->thread_count = 1;
  if (avcodec_open2(codec.get(), decoder, nullptr) != 0) return nullptr;
  return codec;
}

// Makes of each frame what a window shows, as Oriel's viewer does.
class Converter {
 public:
  ~Converter() { sws_freeContext(context_); }

  void Convert(const AVFrame& frame) {
    context_ = sws_getCachedContext(context_, frame.width, frame.height,
                                    AVPixelFormat(frame.format), frame.width,
                                    frame.height, AV_PIX_FMT_BGR0, SWS_POINT,
                                    nullptr, nullptr, nullptr);
    stride_bytes_ = frame.width * 4;
    pixels_.resize(size_t(stride_bytes_) * frame.height);
    uint8_t* planes[] = {pixels_.data()};
    sws_scale(context_, frame.data, frame.linesize, 0, frame.height, planes,
              &stride_bytes_);
  }

  // The green of the marker's middle.
  int MarkerGrey() const {
    const int center = kMarkerSizePx / 2;
    return pixels_[size_t(kMarkerY + center) * stride_bytes_ +
                   (kMarkerX + center) * 4 + 1];
  }

  // BGRX rows without gaps.
  const uint8_t* pixels() const { return pixels_.data(); }
  int stride_bytes() const { return stride_bytes_; }

 private:
  int stride_bytes_ = 0;
  SwsContext* context_ = nullptr;
  std::vector<uint8_t> pixels_;
};

int Main(int argc, char** argv) {
  PictureRequests requests(argc == 2 ? argv[1] : "");
  Format format = OpenStandardInput();
  if (format == nullptr || format->nb_streams != 1) {
    std::fprintf(stderr, "ffmpeg_eye: no video on standard input\n");
    return 1;
  }
  Codec codec = OpenDecoder(*format->streams[0]->codecpar);
  if (codec == nullptr) {
    std::fprintf(stderr, "ffmpeg_eye: no decoder for the video\n");
    return 1;
  }
  MarkerWatcher watcher;
  Converter converter;
  Packet packet(av_packet_alloc());
  Frame frame(av_frame_alloc());
  while (av_read_frame(format.get(), packet.get()) == 0) {
    watcher.Received(packet->size);
    if (avcodec_send_packet(codec.get(), packet.get()) == 0) {
      while (avcodec_receive_frame(codec.get(), frame.get()) == 0) {
        converter.Convert(*frame);
        watcher.Look(converter.MarkerGrey());
        requests.Answer(converter.pixels(), size_t(converter.stride_bytes()),
                        frame->width, frame->height);
      }
    }
    av_packet_unref(packet.get());
  }
  return 0;
}

}  // namespace
}  // namespace oriel::bench

int main(int argc, char** argv) { return oriel::bench::Main(argc, argv); }
