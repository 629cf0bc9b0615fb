#pragma once

#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "grpcpp/server.h"
#include "service/rpc/accepted_connections.h"

namespace oriel::rpc {

// Ends a gRPC server within a bound, whatever its clients do: gRPC's own
// Shutdown returns only when every connection is gone, and one whose client
// stands still stays until keepalive notices, for a minute. Thread-safe.
class BoundedShutdown {
 public:
  // `server` outlives it. Errors: the system has no thread left.
  static absl::StatusOr<std::unique_ptr<BoundedShutdown>> Create(
      grpc::Server* server, ListeningPlaces places);
  ~BoundedShutdown() { Finish(); }

  // No new connections and calls from now on. Calls that are open still after
  // `grace` are cancelled. Returns at once; a second call changes nothing.
  void Begin(Duration grace);
  // Waits for the end of all, and cuts what is left after the grace.
  void Finish();

 private:
  BoundedShutdown(grpc::Server* server, ListeningPlaces places)
      : server_(server), places_(std::move(places)) {}
  void Run();

  grpc::Server* const server_;
  const ListeningPlaces places_;
  Mutex mutex_;
  CondVar changed_;
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  Time deadline_ ABSL_GUARDED_BY(mutex_){};
  std::thread thread_;  // Shutdown's, started while there are threads
};

}  // namespace oriel::rpc
