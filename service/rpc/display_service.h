#pragma once

#include <atomic>

#include "oriel/v1/display.grpc.pb.h"
#include "service/rpc/display_watch.h"
#include "service/session/display_registry.h"

namespace oriel::rpc {

// Thread-safe. At most a few snapshots are made at the same time; more are
// RESOURCE_EXHAUSTED.
class DisplayService final : public v1::DisplayService::CallbackService {
 public:
  // `registry` outlives the service.
  explicit DisplayService(session::DisplayRegistry* registry)
      : registry_(registry), watch_(registry) {}

  // Ends the WatchDisplays calls; later ones end at once.
  void Stop() { watch_.Stop(); }

  grpc::ServerUnaryReactor* ListDisplays(
      grpc::CallbackServerContext* context,
      const v1::ListDisplaysRequest* request,
      v1::ListDisplaysResponse* response) override;
  grpc::ServerUnaryReactor* GetDisplay(
      grpc::CallbackServerContext* context,
      const v1::GetDisplayRequest* request,
      v1::GetDisplayResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchDisplaysResponse>* WatchDisplays(
      grpc::CallbackServerContext* context,
      const v1::WatchDisplaysRequest* request) override;
  grpc::ServerUnaryReactor* TakeSnapshot(
      grpc::CallbackServerContext* context,
      const v1::TakeSnapshotRequest* request,
      v1::TakeSnapshotResponse* response) override;

 private:
  session::DisplayRegistry* const registry_;
  DisplayWatch watch_;
  std::atomic<int> snapshots_{0};
};

}  // namespace oriel::rpc
