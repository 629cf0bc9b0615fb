#pragma once

#include "oriel/v1/streaming.grpc.pb.h"
#include "service/rpc/viewer_call.h"
#include "service/session/display_registry.h"

namespace oriel::rpc {

using StreamServiceBase = v1::StreamService::WithRawCallbackMethod_StreamFrames<
    v1::StreamService::WithRawCallbackMethod_AttachDisplay<
        v1::StreamService::WithCallbackMethod_ControlViewer<
            v1::StreamService::Service>>>;

// Frames go out as raw bytes, so that all viewers of a lane write the same
// slices. Thread-safe.
class StreamService final : public StreamServiceBase {
 public:
  // `registry` outlives the service.
  explicit StreamService(session::DisplayRegistry* registry)
      : registry_(registry) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* StreamFrames(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AttachDisplay(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ControlViewer(
      grpc::CallbackServerContext* context,
      const v1::ControlViewerRequest* request,
      v1::ControlViewerResponse* response) override;

 private:
  session::DisplayRegistry* const registry_;
  ViewerCalls calls_;
};

}  // namespace oriel::rpc
