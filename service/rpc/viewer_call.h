#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "oriel/v1/streaming.pb.h"
#include "service/session/display_registry.h"
#include "service/session/viewer.h"

namespace oriel::rpc {

// The reactor of a stream. It can be gone as soon as EndCall was called.
class CallTransport {
 public:
  virtual void BeginWrite(const grpc::ByteBuffer* message) = 0;
  virtual void EndCall(const grpc::Status& status) = 0;

 protected:
  ~CallTransport() = default;
};

class ViewerCall;

// The open calls by their viewers' ids. Thread-safe.
class ViewerCalls {
 public:
  void Add(uint64_t viewer_id, std::weak_ptr<ViewerCall> call);
  void Remove(uint64_t viewer_id);
  // Null when there is none.
  std::shared_ptr<ViewerCall> Find(uint64_t viewer_id) const;

 private:
  mutable Mutex mutex_;
  std::map<uint64_t, std::weak_ptr<ViewerCall>> calls_ ABSL_GUARDED_BY(mutex_);
};

// One stream between gRPC's reactions and the session's publisher threads.
// At most one message is with gRPC, and EndCall is called once, with no
// message under way; nothing touches the transport after that. The mutex is
// never held while the session is called. Thread-safe.
class ViewerCall final : public session::ViewerSink,
                         public std::enable_shared_from_this<ViewerCall> {
 public:
  // `calls` outlives this; `transport` lives until EndCall.
  ViewerCall(CallTransport* transport, ViewerCalls* calls)
      : calls_(calls), transport_(transport) {}

  // Ends the call when the request cannot be served.
  void Open(session::DisplayRegistry* registry,
            const v1::StreamFramesRequest& request, bool acknowledges);
  // An error has ended the call as well.
  absl::Status Control(const v1::ViewerControl& control);
  // Lets go of the viewer, and finishes the call once nothing is under way.
  void End(const absl::Status& status);

  // gRPC's reactions.
  void OnWriteDone(bool ok);
  void OnDone();

  // The session's calls.
  void Write(session::WireMessagePtr message) override;
  void Close(const absl::Status& status) override;

 private:
  void BeginWriteLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseLocked(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndCallIfIdleLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<session::Viewer> viewer() const;

  ViewerCalls* const calls_;
  mutable Mutex mutex_;
  CallTransport* transport_ ABSL_GUARDED_BY(mutex_);  // null after EndCall
  // Null until the viewer is in `calls_`: before, nothing is written, so that
  // a client that knows its viewer's id can control it.
  std::shared_ptr<session::Viewer> viewer_ ABSL_GUARDED_BY(mutex_);
  session::WireMessagePtr message_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;  // gRPC has message_
  std::optional<grpc::Status> closing_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oriel::rpc
