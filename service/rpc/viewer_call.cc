#include "service/rpc/viewer_call.h"

#include <utility>

#include "service/rpc/grpc_status.h"
#include "service/rpc/messages.h"
#include "service/wire/grpc_wire_message.h"

namespace oriel::rpc {

void ViewerCalls::Add(uint64_t viewer_id, std::weak_ptr<ViewerCall> call) {
  MutexLock lock(mutex_);
  calls_[viewer_id] = std::move(call);
}

void ViewerCalls::Remove(uint64_t viewer_id) {
  MutexLock lock(mutex_);
  calls_.erase(viewer_id);
}

std::shared_ptr<ViewerCall> ViewerCalls::Find(uint64_t viewer_id) const {
  MutexLock lock(mutex_);
  const auto found = calls_.find(viewer_id);
  return found == calls_.end() ? nullptr : found->second.lock();
}

void ViewerCall::Open(session::DisplayRegistry* registry,
                      const v1::StreamFramesRequest& request,
                      bool acknowledges) {
  const absl::StatusOr<session::ViewerOptions> options =
      ViewerOptionsOf(request, *registry, acknowledges);
  if (!options.ok()) return End(options.status());
  absl::StatusOr<std::shared_ptr<session::Viewer>> viewer =
      registry->OpenViewer(request.display(), *options, shared_from_this());
  if (!viewer.ok()) return End(viewer.status());

  calls_->Add((*viewer)->id(), weak_from_this());
  bool closed;
  {
    MutexLock lock(mutex_);
    viewer_ = *viewer;
    closed = closing_.has_value();
    if (!closed && message_ != nullptr) BeginWriteLocked();
  }
  // The client left while the viewer was being opened.
  if (closed) (*viewer)->Leave();
}

absl::Status ViewerCall::Control(const v1::ViewerControl& control) {
  const std::shared_ptr<session::Viewer> viewer = this->viewer();
  if (viewer == nullptr) return absl::NotFoundError("the stream has ended");
  absl::Status status = viewer->Control(FromProto(control));
  if (!status.ok()) End(status);
  return status;
}

void ViewerCall::End(const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    CloseLocked(status);
  }
  if (const auto viewer = this->viewer()) viewer->Leave();
}

void ViewerCall::OnWriteDone(bool ok) {
  session::WireMessagePtr written;
  std::shared_ptr<session::Viewer> viewer;
  {
    MutexLock lock(mutex_);
    writing_ = false;
    written = std::move(message_);
    if (!ok) CloseLocked(absl::CancelledError("the client has gone"));
    EndCallIfIdleLocked();
    if (!closing_.has_value()) viewer = viewer_;
  }
  if (viewer != nullptr) viewer->OnWritten();
}

void ViewerCall::OnDone() {
  std::shared_ptr<session::Viewer> viewer;
  {
    MutexLock lock(mutex_);
    transport_ = nullptr;
    // The viewer holds this sink; two references would keep each other.
    viewer = std::move(viewer_);
  }
  if (viewer == nullptr) return;
  calls_->Remove(viewer->id());
  viewer->Leave();
}

void ViewerCall::Write(session::WireMessagePtr message) {
  MutexLock lock(mutex_);
  if (closing_.has_value()) return;
  message_ = std::move(message);
  if (viewer_ != nullptr) BeginWriteLocked();
}

void ViewerCall::Close(const absl::Status& status) {
  MutexLock lock(mutex_);
  CloseLocked(status);
}

// gRPC calls OnWriteDone from its own threads, never from inside BeginWrite.
void ViewerCall::BeginWriteLocked() {
  writing_ = true;
  // The session's wire encoder is service/wire's; it makes nothing else.
  const auto& message = static_cast<const wire::GrpcWireMessage&>(*message_);
  transport_->BeginWrite(&message.buffer());
}

void ViewerCall::CloseLocked(const absl::Status& status) {
  if (!closing_.has_value()) closing_ = ToGrpcStatus(status);
  EndCallIfIdleLocked();
}

void ViewerCall::EndCallIfIdleLocked() {
  if (!closing_.has_value() || writing_ || transport_ == nullptr) return;
  std::exchange(transport_, nullptr)->EndCall(*closing_);
}

std::shared_ptr<session::Viewer> ViewerCall::viewer() const {
  MutexLock lock(mutex_);
  return viewer_;
}

}  // namespace oriel::rpc
