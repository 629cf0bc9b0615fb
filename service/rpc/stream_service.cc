#include "service/rpc/stream_service.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "service/rpc/grpc_status.h"
#include "service/rpc/messages.h"

namespace oriel::rpc {
namespace {

// OnWriteDone has to mean that the bytes reached the socket: a session that
// counted bytes which gRPC only queued would send old pictures.
grpc::WriteOptions StreamWriteOptions() {
  return grpc::WriteOptions().set_write_through().set_no_compression();
}

class FramesReactor final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                            private CallTransport {
 public:
  explicit FramesReactor(ViewerCalls* calls)
      : call_(std::make_shared<ViewerCall>(static_cast<CallTransport*>(this),
                                           calls)) {}

  void Start(session::DisplayRegistry* registry,
             const grpc::ByteBuffer& bytes) {
    v1::StreamFramesRequest request;
    if (absl::Status status = Parse(bytes, &request); !status.ok()) {
      return call_->End(status);
    }
    call_->Open(registry, request, /*acknowledges=*/false);
  }

  void OnWriteDone(bool ok) override { call_->OnWriteDone(ok); }
  void OnCancel() override {
    call_->End(absl::CancelledError("the client has gone"));
  }
  void OnDone() override {
    call_->OnDone();
    delete this;
  }

 private:
  void BeginWrite(const grpc::ByteBuffer* message) override {
    StartWrite(message, StreamWriteOptions());
  }
  void EndCall(const grpc::Status& status) override { Finish(status); }

  const std::shared_ptr<ViewerCall> call_;
};

class AttachReactor final
    : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
      private CallTransport {
 public:
  AttachReactor(ViewerCalls* calls, session::DisplayRegistry* registry)
      : registry_(registry),
        call_(std::make_shared<ViewerCall>(static_cast<CallTransport*>(this),
                                           calls)) {}

  void Start() { StartRead(&bytes_); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      return call_->End(opened_ ? absl::OkStatus()
                                : absl::InvalidArgumentError(
                                      "the stream ended before its open"));
    }
    if (absl::Status status = Take(); !status.ok()) return call_->End(status);
    StartRead(&bytes_);
  }
  void OnWriteDone(bool ok) override { call_->OnWriteDone(ok); }
  void OnCancel() override {
    call_->End(absl::CancelledError("the client has gone"));
  }
  void OnDone() override {
    call_->OnDone();
    delete this;
  }

 private:
  // One request; an error ends the call.
  absl::Status Take() {
    v1::AttachDisplayRequest request;
    RETURN_IF_ERROR(Parse(bytes_, &request));
    switch (request.event_case()) {
      case v1::AttachDisplayRequest::kOpen:
        if (opened_) {
          return absl::InvalidArgumentError(
              "a second open on one stream; open another stream instead");
        }
        opened_ = true;
        call_->Open(registry_, request.open(), /*acknowledges=*/true);
        return absl::OkStatus();
      case v1::AttachDisplayRequest::kControl:
        if (!opened_) {
          return absl::InvalidArgumentError(
              "a control before open; open comes first");
        }
        return call_->Control(request.control());
      case v1::AttachDisplayRequest::EVENT_NOT_SET:
        break;
    }
    return absl::InvalidArgumentError(
        "a request with neither open nor control");
  }

  void BeginWrite(const grpc::ByteBuffer* message) override {
    StartWrite(message, StreamWriteOptions());
  }
  void EndCall(const grpc::Status& status) override { Finish(status); }

  session::DisplayRegistry* const registry_;
  const std::shared_ptr<ViewerCall> call_;
  // Of the one read under way.
  grpc::ByteBuffer bytes_;
  bool opened_ = false;
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StreamService::StreamFrames(
    grpc::CallbackServerContext* /*context*/, const grpc::ByteBuffer* request) {
  auto* reactor = new FramesReactor(&calls_);
  reactor->Start(registry_, *request);
  return reactor;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>*
StreamService::AttachDisplay(grpc::CallbackServerContext* /*context*/) {
  auto* reactor = new AttachReactor(&calls_, registry_);
  reactor->Start();
  return reactor;
}

grpc::ServerUnaryReactor* StreamService::ControlViewer(
    grpc::CallbackServerContext* context,
    const v1::ControlViewerRequest* request,
    v1::ControlViewerResponse* /*response*/) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const std::shared_ptr<ViewerCall> call = calls_.Find(request->viewer_id());
  const absl::Status status =
      call == nullptr
          ? absl::NotFoundError(absl::StrFormat(
                "no viewer %d; StreamOpened tells a viewer's id, and it ends "
                "with its stream",
                request->viewer_id()))
          : call->Control(request->control());
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

}  // namespace oriel::rpc
