#include "service/rpc/display_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "service/rpc/grpc_status.h"
#include "service/rpc/messages.h"
#include "service/snapshot/snapshot.h"

namespace oriel::rpc {
namespace {

constexpr int kMaxPageSize = 1000;
constexpr int kMaxSnapshots = 8;

// A page token is the last name of the page before.
absl::Status ListPage(std::vector<session::DisplayStatus> displays,
                      const v1::ListDisplaysRequest& request,
                      v1::ListDisplaysResponse* response) {
  if (request.page_size() < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "page_size %d is negative; 0 means as many as the server likes",
        request.page_size()));
  }
  if (!request.page_token().empty()) {
    RETURN_IF_ERROR(CheckDisplayName(request.page_token()));
  }
  const int page_size = request.page_size() == 0
                            ? kMaxPageSize
                            : std::min(request.page_size(), kMaxPageSize);
  for (const session::DisplayStatus& display : displays) {
    if (display.name <= request.page_token()) continue;
    if (response->displays_size() == page_size) {
      response->set_next_page_token(response->displays(page_size - 1).name());
      break;
    }
    *response->add_displays() = ToProto(display);
  }
  return absl::OkStatus();
}

// The watcher outlives the reactor by the time that the watch's thread needs
// to notice; after Finish it no longer touches the reactor.
class WatchCall final : public DisplayWatcher {
 public:
  using Reactor = grpc::ServerWriteReactor<v1::WatchDisplaysResponse>;

  explicit WatchCall(Reactor* reactor) : reactor_(reactor) {}

  void Begin(std::vector<DisplayEvent> displays) override {
    MutexLock lock(mutex_);
    queue_.Begin(std::move(displays));
    SendNextLocked();
  }
  void Push(const std::string& name, DisplayEvent event) override {
    MutexLock lock(mutex_);
    queue_.Push(name, std::move(event));
    SendNextLocked();
  }
  void End(const absl::Status& status) override {
    MutexLock lock(mutex_);
    if (!closing_.has_value()) closing_ = ToGrpcStatus(status);
    SendNextLocked();
  }
  void OnWriteDone(bool ok) {
    MutexLock lock(mutex_);
    writing_.reset();
    if (!ok && !closing_.has_value()) closing_ = grpc::Status::CANCELLED;
    SendNextLocked();
  }

 private:
  void SendNextLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ != nullptr || reactor_ == nullptr) return;
    if (closing_.has_value()) {
      std::exchange(reactor_, nullptr)->Finish(*closing_);
      return;
    }
    writing_ = queue_.Pop();
    if (writing_ == nullptr) return;
    reactor_->StartWrite(writing_.get(),
                         grpc::WriteOptions().set_write_through());
  }

  Mutex mutex_;
  Reactor* reactor_ ABSL_GUARDED_BY(mutex_);  // null after Finish
  DisplayEventQueue queue_ ABSL_GUARDED_BY(mutex_);
  DisplayEvent writing_ ABSL_GUARDED_BY(mutex_);  // gRPC has it
  std::optional<grpc::Status> closing_ ABSL_GUARDED_BY(mutex_);
};

class WatchReactor final : public WatchCall::Reactor {
 public:
  WatchReactor() : call_(std::make_shared<WatchCall>(this)) {}

  const std::shared_ptr<WatchCall>& call() const { return call_; }

  void OnWriteDone(bool ok) override { call_->OnWriteDone(ok); }
  void OnCancel() override {
    call_->End(absl::CancelledError("the client has gone"));
  }
  void OnDone() override { delete this; }

 private:
  const std::shared_ptr<WatchCall> call_;
};

absl::Status FillSnapshot(const absl::StatusOr<capture::Frame>& frame,
                          const snapshot::SnapshotOptions& options,
                          v1::TakeSnapshotResponse* response) {
  RETURN_IF_ERROR(frame.status());
  ASSIGN_OR_RETURN(snapshot::Snapshot made,
                   snapshot::MakeSnapshot(*frame, options));
  response->set_png(std::move(made.png));
  response->set_width_px(made.size.width_px);
  response->set_height_px(made.size.height_px);
  response->set_exact(made.exact);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* DisplayService::ListDisplays(
    grpc::CallbackServerContext* context,
    const v1::ListDisplaysRequest* request,
    v1::ListDisplaysResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(
      ToGrpcStatus(ListPage(registry_->List(), *request, response)));
  return reactor;
}

grpc::ServerUnaryReactor* DisplayService::GetDisplay(
    grpc::CallbackServerContext* context, const v1::GetDisplayRequest* request,
    v1::GetDisplayResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto get = [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckDisplayName(request->name()));
    ASSIGN_OR_RETURN(const session::DisplayStatus status,
                     registry_->Get(request->name()));
    *response->mutable_display() = ToProto(status);
    return absl::OkStatus();
  };
  reactor->Finish(ToGrpcStatus(get()));
  return reactor;
}

grpc::ServerWriteReactor<v1::WatchDisplaysResponse>*
DisplayService::WatchDisplays(grpc::CallbackServerContext* /*context*/,
                              const v1::WatchDisplaysRequest* /*request*/) {
  auto* reactor = new WatchReactor();
  const std::shared_ptr<WatchCall> call = reactor->call();
  if (absl::Status status = watch_.Add(call); !status.ok()) call->End(status);
  return reactor;
}

grpc::ServerUnaryReactor* DisplayService::TakeSnapshot(
    grpc::CallbackServerContext* context,
    const v1::TakeSnapshotRequest* request,
    v1::TakeSnapshotResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (absl::Status status = CheckDisplayName(request->name()); !status.ok()) {
    reactor->Finish(ToGrpcStatus(status));
    return reactor;
  }
  if (snapshots_.fetch_add(1) >= kMaxSnapshots) {
    snapshots_.fetch_sub(1);
    reactor->Finish(ToGrpcStatus(absl::ResourceExhaustedError(absl::StrFormat(
        "%d snapshots are being made; ask again in a moment", kMaxSnapshots))));
    return reactor;
  }
  const snapshot::SnapshotOptions options = {
      .max_width_px = request->max_width_px(),
      .with_cursor = !request->without_cursor()};
  // The response lives until Finish.
  registry_->TakeSnapshot(
      request->name(), [this, reactor, response,
                        options](const absl::StatusOr<capture::Frame>& frame) {
        const grpc::Status status =
            ToGrpcStatus(FillSnapshot(frame, options, response));
        snapshots_.fetch_sub(1);
        reactor->Finish(status);
      });
  return reactor;
}

}  // namespace oriel::rpc
