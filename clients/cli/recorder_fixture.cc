#include "clients/cli/recorder_fixture.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

namespace oriel::clients {
namespace {

void Drain(AVCodecContext* decoder, AVFrame* frame, Probe& probe) {
  while (avcodec_receive_frame(decoder, frame) >= 0) ++probe.decoded_count;
}

}  // namespace

Probe ProbeFile(const std::string& path) {
  Probe probe;
  AVFormatContext* context = nullptr;
  if (avformat_open_input(&context, path.c_str(), nullptr, nullptr) < 0 ||
      avformat_find_stream_info(context, nullptr) < 0 ||
      context->nb_streams != 1) {
    avformat_close_input(&context);
    return probe;
  }
  const AVStream* stream = context->streams[0];
  probe.codec = avcodec_get_name(stream->codecpar->codec_id);
  probe.width_px = stream->codecpar->width;
  probe.height_px = stream->codecpar->height;
  probe.duration_s = static_cast<double>(context->duration) / AV_TIME_BASE;
  AVCodecContext* decoder =
      avcodec_alloc_context3(avcodec_find_decoder(stream->codecpar->codec_id));
  avcodec_parameters_to_context(decoder, stream->codecpar);
  decoder->err_recognition = AV_EF_EXPLODE;
  decoder->thread_count = 1;
  probe.clean = avcodec_open2(decoder, nullptr, nullptr) >= 0;
  AVPacket* packet = av_packet_alloc();
  AVFrame* frame = av_frame_alloc();
  while (av_read_frame(context, packet) >= 0) {
    ++probe.packet_count;
    probe.times_s.push_back(static_cast<double>(packet->pts) *
                            av_q2d(stream->time_base));
    probe.clean = probe.clean && avcodec_send_packet(decoder, packet) >= 0;
    Drain(decoder, frame, probe);
    av_packet_unref(packet);
  }
  avcodec_send_packet(decoder, nullptr);
  Drain(decoder, frame, probe);
  av_frame_free(&frame);
  av_packet_free(&packet);
  avcodec_free_context(&decoder);
  avformat_close_input(&context);
  return probe;
}

v1::StreamFormat Format(uint32_t generation, uint32_t width_px,
                        uint32_t height_px) {
  v1::StreamFormat format;
  format.set_generation(generation);
  format.set_width_px(width_px);
  format.set_height_px(height_px);
  format.set_state(width_px == 0 ? v1::DISPLAY_STATE_PLANE_OFF
                                 : v1::DISPLAY_STATE_READY);
  return format;
}

v1::FrameUpdate Update(const v1::StreamFormat& format, uint64_t sequence,
                       const AccessUnit& unit, uint64_t capture_time_us) {
  v1::FrameUpdate update;
  update.set_generation(format.generation());
  update.set_sequence(sequence);
  update.set_base_sequence(unit.keyframe ? 0 : sequence - 1);
  update.set_capture_time_us(capture_time_us);
  v1::Patch& patch = *update.add_patches();
  patch.mutable_rect()->set_width_px(format.width_px());
  patch.mutable_rect()->set_height_px(format.height_px());
  patch.set_payload_size_bytes(unit.bytes.size());
  patch.mutable_video()->set_codec(v1::VIDEO_CODEC_H264);
  patch.mutable_video()->set_keyframe(unit.keyframe);
  return update;
}

}  // namespace oriel::clients
