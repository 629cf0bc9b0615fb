#include "clients/lib/update_to_proto.h"

namespace oriel::clients {
namespace {

void SetRect(const Rect& rect, v1::Rect& out) {
  out.set_x_px(rect.x_px);
  out.set_y_px(rect.y_px);
  out.set_width_px(rect.width_px);
  out.set_height_px(rect.height_px);
}

v1::VideoCodec CodecOf(encoder::VideoCodec codec) {
  switch (codec) {
    case encoder::VideoCodec::kH264:
      return v1::VIDEO_CODEC_H264;
    case encoder::VideoCodec::kVp9:
      return v1::VIDEO_CODEC_VP9;
    case encoder::VideoCodec::kAv1:
      return v1::VIDEO_CODEC_AV1;
  }
  return v1::VIDEO_CODEC_UNSPECIFIED;
}

struct KindSetter {
  v1::Patch& out;

  void operator()(const encoder::Fill& fill) const {
    out.mutable_fill()->set_rgb(fill.red << 16 | fill.green << 8 | fill.blue);
  }
  void operator()(const encoder::Copy& copy) const {
    out.mutable_copy()->set_source_x_px(copy.source_x_px);
    out.mutable_copy()->set_source_y_px(copy.source_y_px);
  }
  void operator()(const encoder::Lossless& lossless) const {
    v1::Lossless& kind = *out.mutable_lossless();
    if (lossless.prefix) SetRect(*lossless.prefix, *kind.mutable_prefix());
    kind.set_grey(lossless.grey);
  }
  void operator()(const encoder::Video& video) const {
    out.mutable_video()->set_stream_id(video.stream_id);
    out.mutable_video()->set_codec(CodecOf(video.codec));
    out.mutable_video()->set_keyframe(video.keyframe);
    out.mutable_video()->set_previous_sequence(video.previous_sequence);
  }
  void operator()(const encoder::Still& still) const {
    out.mutable_still()->set_shrink(static_cast<uint32_t>(still.shrink));
  }
};

}  // namespace

v1::StreamFramesResponse ToProto(const encoder::Update& update) {
  v1::StreamFramesResponse response;
  v1::FrameUpdate& out = *response.mutable_update();
  out.set_generation(update.generation);
  out.set_sequence(update.sequence);
  out.set_base_sequence(update.base_sequence);
  out.set_more_follows(update.more_follows);
  out.set_exact(update.exact);
  for (const encoder::Patch& patch : update.patches) {
    v1::Patch& to = *out.add_patches();
    SetRect(patch.rect, *to.mutable_rect());
    std::visit(KindSetter{to}, patch.kind);
    if (patch.payload == nullptr) continue;
    to.set_payload_size_bytes(patch.payload->size());
    response.mutable_payload()->append(patch.payload->begin(),
                                       patch.payload->end());
  }
  if (update.check) {
    out.mutable_check()->set_y_px(update.check->y_px);
    out.mutable_check()->set_height_px(update.check->height_px);
    out.mutable_check()->set_hash(update.check->hash);
  }
  return response;
}

}  // namespace oriel::clients
