#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"

namespace oriel::session {

// A message as the wire has it, made once and shared by all viewers of a lane;
// service/wire knows what is inside. Immutable.
class WireMessage {
 public:
  virtual ~WireMessage() = default;
  virtual size_t size_bytes() const = 0;
};
using WireMessagePtr = std::shared_ptr<const WireMessage>;

// The transport of one viewer. Called from publisher threads, one call at a
// time.
class ViewerSink {
 public:
  virtual ~ViewerSink() = default;
  // Starts to write and returns; Viewer::OnWritten follows from any thread,
  // and nothing else is written before it.
  virtual void Write(WireMessagePtr message) = 0;
  // The stream ends with `status`; nothing is written after it. A write under
  // way may be cut off.
  virtual void Close(const absl::Status& status) = 0;
};

struct ViewerControl {
  uint64_t applied_sequence = 0;  // 0: no acknowledgement
  // All that came on this stream; 0: not counted. With an acknowledgement.
  uint64_t received_update_count = 0;
  bool resync = false;
  std::vector<uint32_t> keyframe_streams;
  bool paused = false;
};

// One open stream, as its transport sees it. Thread-safe; calls return at once.
class Viewer {
 public:
  virtual ~Viewer() = default;
  virtual uint64_t id() const = 0;
  // The message given to ViewerSink::Write has left for the network.
  virtual void OnWritten() = 0;
  // kInvalidArgument: an acknowledgement of what was never sent; the transport
  // then ends the stream with it.
  virtual absl::Status Control(const ViewerControl& control) = 0;
  // The transport has gone: no sink call begins after this returns, except
  // from a publisher thread that is inside one.
  virtual void Leave() = 0;
};

}  // namespace oriel::session
