#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/log_limit.h"
#include "base/mutex.h"
#include "service/session/capture_loop.h"
#include "service/session/display_registry.h"
#include "service/session/lane.h"
#include "service/session/plane_tracker.h"
#include "service/session/session_context.h"

namespace oriel::session {

// One display: its status, its lanes, its capture loop. Its locks are never
// held across a device call. Thread-safe.
class Display final : private CaptureLoop::Events,
                      public std::enable_shared_from_this<Display> {
 public:
  // `lifecycle` outlives Join. `on_change` is called without locks.
  Display(const DisplayOptions& options, const RegistryLimits& limits,
          std::shared_ptr<SessionContext> context, Lifecycle* lifecycle,
          std::function<void()> on_change);

  void Start() { loop_.Start(); }
  // Ends all streams and waiting snapshots with kUnavailable, lets go of the
  // device; Join waits for its thread.
  void Stop(const std::string& reason);
  void Join() { loop_.Join(); }
  void TryOpening() { loop_.TryOpening(); }
  void Wake() { loop_.Wake(); }

  const std::string& name() const { return options_.name; }
  DisplayStatus Status() const;
  // As in DisplayRegistry; `id` is unique.
  absl::StatusOr<std::shared_ptr<Viewer>> OpenViewer(
      const ViewerOptions& options, std::shared_ptr<ViewerSink> sink,
      uint64_t id);
  std::shared_ptr<Viewer> FindViewer(uint64_t id) const;
  void TakeSnapshot(std::function<void(absl::StatusOr<capture::Frame>)> done);
  void VisitDevice(DisplayRegistry::DeviceVisit visit);

 private:
  using LaneKey = std::pair<encoder::Encoding, encoder::Quality>;
  using SnapshotDone = std::function<void(absl::StatusOr<capture::Frame>)>;
  struct Snapshot {
    uint64_t from_scan;
    SnapshotDone done;
  };

  void OnAttached(const std::string& framebuffer) override;
  void OnAttachFailed(const absl::Status& status) override;
  void OnScanned(uint64_t scan, absl::StatusOr<capture::Frame> frame) override;
  void OnDetached(const absl::Status& status) override;

  absl::Status CheckOpen(const ViewerOptions& options) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::shared_ptr<LaneViewer>> JoinLane(
      const ViewerOptions& options, std::shared_ptr<ViewerSink> sink,
      uint64_t id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Unavailable() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint32_t ViewerCount() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Lanes that have viewers.
  uint32_t WatchedLaneCount() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool SetState(DisplayState state, const std::string& reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A device that comes and goes, or never works, is told once: see LogLimit.
  void LogProblem(const char* event, const std::string& reason);
  void LogAttached();
  // `attachment` has lasted: what comes after it is news.
  void NoteSettled(uint64_t attachment);
  void UpdateWatched() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives freed memory back to the system after a pause.
  void TrimSoon() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Drops idle lanes.
  void OnViewersChanged();
  // Ends lanes and snapshots; without locks.
  void EndAll(const absl::Status& status);
  void FinishSnapshots(std::vector<Snapshot> snapshots,
                       const absl::StatusOr<capture::Frame>& frame);

  const DisplayOptions options_;
  const RegistryLimits limits_;
  const std::shared_ptr<SessionContext> context_;
  const std::function<void()> on_change_;

  PlaneTracker tracker_;  // of the loop's thread
  LogLimit problems_;     // of its device
  const std::shared_ptr<LogLimit> lane_problems_ = std::make_shared<LogLimit>();

  mutable Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool attached_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t attachment_ ABSL_GUARDED_BY(mutex_) = 0;  // counts them
  bool scanned_ ABSL_GUARDED_BY(mutex_) = false;     // this one, with success
  // The last problem was not logged, so its end is not either.
  bool problem_unsaid_ ABSL_GUARDED_BY(mutex_) = false;
  bool trim_timed_ ABSL_GUARDED_BY(mutex_) = false;
  DisplayState state_ ABSL_GUARDED_BY(mutex_) = DisplayState::kUnavailable;
  std::string reason_ ABSL_GUARDED_BY(mutex_);
  std::string framebuffer_ ABSL_GUARDED_BY(mutex_);
  capture::PlaneState plane_ ABSL_GUARDED_BY(mutex_);  // the last one known
  uint64_t read_bytes_per_second_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<LaneKey, std::shared_ptr<Lane>> lanes_ ABSL_GUARDED_BY(mutex_);
  // At most Tuning::snapshots_per_display; more are refused.
  std::vector<Snapshot> snapshots_ ABSL_GUARDED_BY(mutex_);

  CaptureLoop loop_;  // last: calls this object
};

}  // namespace oriel::session
