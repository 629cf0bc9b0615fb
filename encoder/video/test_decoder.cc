#include "encoder/video/test_decoder.h"

extern "C" {
#include <libavcodec/avcodec.h>
}

#include <algorithm>
#include <cmath>

namespace oriel::encoder {
namespace {

AVCodecID IdOf(VideoCodec codec) {
  switch (codec) {
    case VideoCodec::kH264:
      return AV_CODEC_ID_H264;
    case VideoCodec::kVp9:
      return AV_CODEC_ID_VP9;
    case VideoCodec::kAv1:
      return AV_CODEC_ID_AV1;
  }
  return AV_CODEC_ID_NONE;
}

}  // namespace

TestDecoder::TestDecoder(VideoCodec codec)
    : context_(avcodec_alloc_context3(avcodec_find_decoder(IdOf(codec)))),
      frame_(av_frame_alloc()) {
  context_->flags |= AV_CODEC_FLAG_LOW_DELAY;
  context_->thread_count = 1;
  avcodec_open2(context_, nullptr, nullptr);
}

TestDecoder::~TestDecoder() {
  av_frame_free(&frame_);
  avcodec_free_context(&context_);
}

const AVFrame* TestDecoder::Decode(const std::vector<uint8_t>& access_unit) {
  AVPacket* packet = av_packet_alloc();
  av_new_packet(packet, static_cast<int>(access_unit.size()));
  std::copy(access_unit.begin(), access_unit.end(), packet->data);
  const int sent = avcodec_send_packet(context_, packet);
  av_packet_free(&packet);
  if (sent != 0) return nullptr;
  return avcodec_receive_frame(context_, frame_) == 0 ? frame_ : nullptr;
}

double PsnrDb(const AVFrame& decoded, const Picture& picture,
              const Rect& area) {
  const int shift = decoded.format == AV_PIX_FMT_YUV444P ? 0 : 1;
  double squares = 0;
  for (int32_t y = 0; y < area.height_px; ++y) {
    for (int32_t x = 0; x < area.width_px; ++x) {
      const auto sample = [&](int plane, int by) {
        return double(decoded.data[plane][(y >> by) * decoded.linesize[plane] +
                                          (x >> by)]);
      };
      const double luma = 255.0 / 219 * (sample(0, 0) - 16);
      const double blueness = 255.0 / 224 * (sample(1, shift) - 128);
      const double redness = 255.0 / 224 * (sample(2, shift) - 128);
      const double pixel[] = {
          luma + 1.8556 * blueness,
          luma - 0.1873 * blueness - 0.4681 * redness,
          luma + 1.5748 * redness,
      };
      const uint8_t* expected = picture.At(area.x_px + x, area.y_px + y);
      for (int i = 0; i < 3; ++i) {
        squares += std::pow(std::clamp(pixel[i], 0.0, 255.0) - expected[i], 2);
      }
    }
  }
  const double mean = squares / (3.0 * area.AreaPx());
  return 10 * std::log10(255 * 255 / std::max(mean, 1e-9));
}

}  // namespace oriel::encoder
