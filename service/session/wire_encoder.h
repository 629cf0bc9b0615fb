#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "capture/display/frame_source.h"
#include "encoder/update.h"
#include "encoder/update_encoder.h"
#include "service/session/viewer.h"

namespace oriel::session {

struct StreamOpened {
  uint64_t viewer_id = 0;
  encoder::Encoding encoding = encoder::Encoding::kLossless;
  uint32_t window_bytes = 0;
  std::chrono::milliseconds heartbeat_interval{};
  std::string encoder;  // empty: not known yet
};

struct StreamFormat {
  uint32_t generation = 0;
  capture::PlaneState plane;
  std::string state_reason;  // when the plane is off or unreadable
};

// Makes the wire's bytes of what sessions send, so that this room needs to
// know no wire. Thread-safe.
class WireEncoder {
 public:
  virtual ~WireEncoder() = default;
  virtual WireMessagePtr Encode(const StreamOpened& opened) const = 0;
  virtual WireMessagePtr Encode(const StreamFormat& format) const = 0;
  virtual WireMessagePtr Encode(const encoder::Update& update) const = 0;
  // Without the shape the viewer keeps the one that it was sent before.
  virtual WireMessagePtr Encode(const capture::Cursor& cursor,
                                bool with_shape) const = 0;
  virtual WireMessagePtr EncodeHeartbeat() const = 0;
  // "zstd level 1"
  virtual WireMessagePtr EncodeEncoder(const std::string& encoder) const = 0;
};

}  // namespace oriel::session
