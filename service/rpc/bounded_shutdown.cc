#include "service/rpc/bounded_shutdown.h"

#include <chrono>
#include <utility>

#include "base/start_thread.h"
#include "base/status_macros.h"
#include "spdlog/spdlog.h"

namespace oriel::rpc {
namespace {

// What cancelled calls need to say so to clients that read.
constexpr Duration kCancelPatience = std::chrono::milliseconds(200);

}  // namespace

absl::StatusOr<std::unique_ptr<BoundedShutdown>> BoundedShutdown::Create(
    grpc::Server* server, ListeningPlaces places) {
  std::unique_ptr<BoundedShutdown> shutdown(
      new BoundedShutdown(server, std::move(places)));
  ASSIGN_OR_RETURN(
      shutdown->thread_,
      StartThread("grpc-shutdown", [self = shutdown.get()] { self->Run(); }));
  return shutdown;
}

void BoundedShutdown::Begin(Duration grace) {
  MutexLock lock(mutex_);
  if (std::exchange(begun_, true)) return;
  deadline_ = Clock::now() + grace;
  changed_.NotifyAll();
}

void BoundedShutdown::Run() {
  Duration left;
  {
    MutexLock lock(mutex_);
    while (!begun_) changed_.Wait(mutex_);
    left = deadline_ - Clock::now();
  }
  server_->Shutdown(
      std::chrono::system_clock::now() +
      std::chrono::duration_cast<std::chrono::system_clock::duration>(left));
  MutexLock lock(mutex_);
  done_ = true;
  changed_.NotifyAll();
}

void BoundedShutdown::Finish() {
  if (!thread_.joinable()) return;
  Begin(Duration::zero());
  size_t cut = 0;
  {
    MutexLock lock(mutex_);
    Time due = deadline_ + kCancelPatience;
    while (!done_) {
      if (changed_.WaitUntil(mutex_, due) || Clock::now() < due) continue;
      cut += CutConnections(places_);
      due = Clock::now() + kCancelPatience;
    }
  }
  thread_.join();
  server_->Wait();
  if (cut > 0) {
    spdlog::warn(
        "event=connections_cut count={} reason=\"they did not end "
        "within the grace, their clients stand still\"",
        cut);
  }
}

}  // namespace oriel::rpc
