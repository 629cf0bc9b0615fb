#include "service/wire/grpc_wire_encoder.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "google/protobuf/io/coded_stream.h"
#include "grpcpp/support/slice.h"
#include "oriel/v1/streaming.pb.h"
#include "service/wire/enums.h"
#include "service/wire/grpc_wire_message.h"

namespace oriel::wire {
namespace {

using google::protobuf::io::CodedOutputStream;

// Field 15 with wire type 2 (length-delimited).
constexpr uint8_t kPayloadTag =
    v1::StreamFramesResponse::kPayloadFieldNumber << 3 | 2;
static_assert(v1::StreamFramesResponse::kPayloadFieldNumber == 15,
              "the tag has to fit into one byte");

uint32_t ToMicroseconds(Duration duration) {
  const int64_t count =
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return static_cast<uint32_t>(
      std::clamp<int64_t>(count, 0, std::numeric_limits<uint32_t>::max()));
}

void SetRect(const Rect& rect, v1::Rect* out) {
  out->set_x_px(rect.x_px);
  out->set_y_px(rect.y_px);
  out->set_width_px(rect.width_px);
  out->set_height_px(rect.height_px);
}

void SetPatch(const encoder::Patch& patch, v1::Patch* out) {
  SetRect(patch.rect, out->mutable_rect());
  if (patch.payload != nullptr) {
    out->set_payload_size_bytes(static_cast<uint32_t>(patch.payload->size()));
  }
  if (const auto* fill = std::get_if<encoder::Fill>(&patch.kind)) {
    out->mutable_fill()->set_rgb(uint32_t{fill->red} << 16 |
                                 uint32_t{fill->green} << 8 | fill->blue);
  } else if (const auto* copy = std::get_if<encoder::Copy>(&patch.kind)) {
    out->mutable_copy()->set_source_x_px(copy->source_x_px);
    out->mutable_copy()->set_source_y_px(copy->source_y_px);
  } else if (const auto* exact = std::get_if<encoder::Lossless>(&patch.kind)) {
    v1::Lossless* lossless = out->mutable_lossless();
    if (exact->prefix.has_value()) {
      SetRect(*exact->prefix, lossless->mutable_prefix());
    }
    lossless->set_grey(exact->grey);
  } else if (const auto* video = std::get_if<encoder::Video>(&patch.kind)) {
    out->mutable_video()->set_stream_id(video->stream_id);
    out->mutable_video()->set_codec(ToProto(video->codec));
    out->mutable_video()->set_keyframe(video->keyframe);
    out->mutable_video()->set_previous_sequence(video->previous_sequence);
  } else if (const auto* still = std::get_if<encoder::Still>(&patch.kind)) {
    out->mutable_still()->set_shrink(static_cast<uint32_t>(still->shrink));
  }
}

v1::StreamFramesResponse HeaderOf(const encoder::Update& update) {
  v1::StreamFramesResponse response;
  v1::FrameUpdate* out = response.mutable_update();
  out->set_generation(update.generation);
  out->set_sequence(update.sequence);
  out->set_base_sequence(update.base_sequence);
  for (const encoder::Patch& patch : update.patches) {
    SetPatch(patch, out->add_patches());
  }
  out->set_more_follows(update.more_follows);
  out->set_exact(update.exact);
  if (update.check.has_value()) {
    out->mutable_check()->set_y_px(update.check->y_px);
    out->mutable_check()->set_height_px(update.check->height_px);
    out->mutable_check()->set_hash(update.check->hash);
  }
  v1::StageDurations* durations = out->mutable_durations();
  durations->set_scan_us(ToMicroseconds(update.durations.scan));
  durations->set_wait_us(ToMicroseconds(update.durations.wait));
  durations->set_encode_us(ToMicroseconds(update.durations.encode));
  out->set_capture_time_us(static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(
          update.capture_time.time_since_epoch())
          .count()));
  return response;
}

void AppendPayloadTag(size_t payload_size_bytes, std::string* header) {
  uint8_t length[10];
  uint8_t* end =
      CodedOutputStream::WriteVarint64ToArray(payload_size_bytes, length);
  header->push_back(static_cast<char>(kPayloadTag));
  header->append(length, end);
}

// The slice's user data is its own reference to the payload.
grpc::Slice SliceOf(const encoder::Payload& payload) {
  auto* reference = new encoder::Payload(payload);
  // gRPC's slices take void*; nothing writes through them.
  return grpc::Slice(
      const_cast<uint8_t*>(payload->data()), payload->size(),
      [](void* held) { delete static_cast<encoder::Payload*>(held); },
      reference);
}

session::WireMessagePtr MessageOf(const v1::StreamFramesResponse& response) {
  const grpc::Slice slice(response.SerializeAsString());
  return std::make_shared<GrpcWireMessage>(grpc::ByteBuffer(&slice, 1));
}

}  // namespace

session::WireMessagePtr GrpcWireEncoder::Encode(
    const session::StreamOpened& opened) const {
  v1::StreamFramesResponse response;
  v1::StreamOpened* out = response.mutable_opened();
  out->set_viewer_id(opened.viewer_id);
  out->set_encoding(ToProto(opened.encoding));
  out->set_window_bytes(opened.window_bytes);
  out->set_heartbeat_interval_ms(
      static_cast<uint32_t>(opened.heartbeat_interval.count()));
  out->set_encoder(opened.encoder);
  return MessageOf(response);
}

session::WireMessagePtr GrpcWireEncoder::Encode(
    const session::StreamFormat& format) const {
  v1::StreamFramesResponse response;
  v1::StreamFormat* out = response.mutable_format();
  out->set_generation(format.generation);
  out->set_state_reason(format.state_reason);
  if (!format.plane.on) {
    out->set_state(v1::DISPLAY_STATE_PLANE_OFF);
    return MessageOf(response);
  }
  out->set_state(v1::DISPLAY_STATE_READY);
  out->set_width_px(format.plane.size.width_px);
  out->set_height_px(format.plane.size.height_px);
  out->set_source_fourcc(format.plane.format.fourcc);
  out->set_source_modifier(format.plane.format.modifier);
  out->set_converted(format.plane.converted);
  return MessageOf(response);
}

session::WireMessagePtr GrpcWireEncoder::Encode(
    const encoder::Update& update) const {
  size_t payload_size_bytes = 0;
  for (const encoder::Patch& patch : update.patches) {
    if (patch.payload != nullptr) payload_size_bytes += patch.payload->size();
  }
  std::string header = HeaderOf(update).SerializeAsString();
  if (payload_size_bytes > 0) AppendPayloadTag(payload_size_bytes, &header);

  std::vector<grpc::Slice> slices;
  slices.reserve(update.patches.size() + 1);
  slices.emplace_back(header);
  for (const encoder::Patch& patch : update.patches) {
    if (patch.payload == nullptr || patch.payload->empty()) continue;
    slices.push_back(SliceOf(patch.payload));
  }
  return std::make_shared<GrpcWireMessage>(
      grpc::ByteBuffer(slices.data(), slices.size()));
}

session::WireMessagePtr GrpcWireEncoder::Encode(const capture::Cursor& cursor,
                                                bool with_shape) const {
  v1::StreamFramesResponse response;
  v1::Cursor* out = response.mutable_cursor();
  out->set_visible(cursor.visible);
  if (!cursor.visible) return MessageOf(response);
  out->set_x_px(cursor.x_px);
  out->set_y_px(cursor.y_px);
  if (cursor.hot_spot.has_value()) {
    out->set_hot_x_px(static_cast<uint32_t>(cursor.hot_spot->x_px));
    out->set_hot_y_px(static_cast<uint32_t>(cursor.hot_spot->y_px));
  }
  out->set_shape_unknown(cursor.shape == nullptr);
  if (with_shape && cursor.shape != nullptr) {
    out->set_width_px(static_cast<uint32_t>(cursor.shape->size.width_px));
    out->set_height_px(static_cast<uint32_t>(cursor.shape->size.height_px));
    response.set_payload(cursor.shape->bgra.data(), cursor.shape->bgra.size());
  }
  return MessageOf(response);
}

session::WireMessagePtr GrpcWireEncoder::EncodeHeartbeat() const {
  v1::StreamFramesResponse response;
  response.mutable_heartbeat();
  return MessageOf(response);
}

session::WireMessagePtr GrpcWireEncoder::EncodeEncoder(
    const std::string& encoder) const {
  v1::StreamFramesResponse response;
  response.mutable_encoder()->set_encoder(encoder);
  return MessageOf(response);
}

}  // namespace oriel::wire
