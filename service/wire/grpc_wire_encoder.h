#pragma once

#include <string>

#include "service/session/wire_encoder.h"

namespace oriel::wire {

// Makes GrpcWireMessages. An update's payload slices refer to its patches'
// bytes, which live until the last viewer has written them. Thread-safe.
class GrpcWireEncoder final : public session::WireEncoder {
 public:
  session::WireMessagePtr Encode(
      const session::StreamOpened& opened) const override;
  session::WireMessagePtr Encode(
      const session::StreamFormat& format) const override;
  session::WireMessagePtr Encode(const encoder::Update& update) const override;
  session::WireMessagePtr Encode(const capture::Cursor& cursor,
                                 bool with_shape) const override;
  session::WireMessagePtr EncodeHeartbeat() const override;
  session::WireMessagePtr EncodeEncoder(
      const std::string& encoder) const override;
};

}  // namespace oriel::wire
