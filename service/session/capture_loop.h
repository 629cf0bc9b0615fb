#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "capture/display/frame_source.h"
#include "service/session/lifecycle.h"

namespace oriel::session {

struct CaptureLoopOptions {
  std::string display;
  int max_rate_hz = 60;
  std::function<absl::StatusOr<std::unique_ptr<capture::FrameSource>>()> open;
  Duration first_attach_pause{};
  Duration longest_attach_pause{};
  Duration unreadable_retry{};
  // How often a display that nobody watches is looked at.
  Duration unwatched_pause = std::chrono::seconds(2);
  size_t max_visits = 8;
};

// One display's thread: opens its device, again and again while that fails;
// scans it once; scans on while it is watched. While nobody watches it sleeps,
// looks now and then whether the plane's state is as it was scanned, and scans
// once where it may not be. Thread-safe.
class CaptureLoop {
 public:
  // Called one at a time without the loop's locks, on its thread; OnDetached
  // on the lifecycle thread too. The two can overlap: what a scan found may
  // come when OnDetached has been called, and means nothing then.
  class Events {
   public:
    virtual ~Events() = default;
    virtual void OnAttached(const std::string& framebuffer) = 0;
    virtual void OnAttachFailed(const absl::Status& status) = 0;
    // kUnavailable is never given: that is OnDetached. `scan`: see RequestScan.
    // Of scans that nobody requested and that found nothing new, one each
    // kUnchangedPause comes.
    virtual void OnScanned(uint64_t scan,
                           absl::StatusOr<capture::Frame> frame) = 0;
    virtual void OnDetached(const absl::Status& status) = 0;
  };

  static constexpr Duration kUnchangedPause = std::chrono::milliseconds(250);

  // All three outlive the loop.
  CaptureLoop(CaptureLoopOptions options, Lifecycle* lifecycle, Events* events);
  ~CaptureLoop() { Join(); }

  void Start();
  void SetWatched(bool watched);
  // Scans all of the plane, soon. The number of the first scan that begins
  // after this call; scans that end because the device went have one too.
  uint64_t RequestScan();
  // The screen is about to change, as by a viewer's input: the next scan comes
  // within one period of the full rate and says so. Costs next to nothing when
  // called often.
  void Wake();
  // As DisplayRegistry::VisitDevice: on the loop's thread. False: as many wait
  // as may, or the loop stops; `visit` was not taken.
  using Visit = std::function<void(absl::StatusOr<capture::Device*>)>;
  bool AddVisit(const Visit& visit);
  // Ends the pause before the next attempt to open the device, also of an
  // attempt under way that fails.
  void TryOpening();
  // Begins to end; the device's memory is let go of at once.
  void Stop();
  // Waits for a device call under way, as long as that takes. After Stop.
  void Join();

 private:
  enum class Next { kScan, kVisit, kLook, kReattach, kStop };

  void EnsureThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();
  bool Attach();
  bool TryAttach();
  // Until the source is to be let go of.
  void ScanAndLook();
  // When nobody watches: until the next look. False: it is time for it.
  bool Rest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Look(capture::FrameSource& source);
  Next WaitForScan(uint64_t* scan, capture::ScanRequest* request);
  Time NextDue(Time due, const absl::StatusOr<capture::Frame>& frame) const;
  void SetDue(Time due, bool retries);
  bool IsNews(const capture::ScanRequest& request,
              const absl::StatusOr<capture::Frame>& frame);
  Duration period() const;
  void Detach(
      uint64_t attachment,
      const std::function<absl::Status(const capture::FrameSource&)>& why);
  void LetGo();
  void DoVisits(capture::FrameSource& source);
  // Those that wait for a device that has gone.
  void RefuseVisits();

  const CaptureLoopOptions options_;
  Lifecycle* const lifecycle_;
  Events* const events_;

  Mutex mutex_;
  CondVar changed_;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;  // there is a thread
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool watched_ ABSL_GUARDED_BY(mutex_) = false;
  bool scan_requested_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  Time due_ ABSL_GUARDED_BY(mutex_){};  // the next scan that nobody requests
  bool retries_ ABSL_GUARDED_BY(mutex_) = false;  // because one failed
  Time look_due_ ABSL_GUARDED_BY(mutex_){};
  // What was read before is as old as the loop's last rest.
  bool rested_ ABSL_GUARDED_BY(mutex_) = false;
  bool open_now_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Visit> visits_ ABSL_GUARDED_BY(mutex_);
  uint64_t scans_begun_ ABSL_GUARDED_BY(mutex_) = 0;
  // Null: not attached. Called by the loop's thread, but for Revoke.
  std::shared_ptr<capture::FrameSource> source_ ABSL_GUARDED_BY(mutex_);
  uint64_t attachment_ ABSL_GUARDED_BY(mutex_) = 0;  // counts sources
  bool detached_ ABSL_GUARDED_BY(mutex_) = false;  // source_ is to be let go of
  // Detach uses source_, and must not be the last to let go of it.
  bool revoking_ ABSL_GUARDED_BY(mutex_) = false;

  // Of the loop's thread; Join's once there is none.
  uint64_t watch_id_ = 0;
  Duration pause_{};  // before the next attempt to attach
  Time attached_at_{};
  bool scanned_ = false;  // a scan of the newest source has succeeded
  // Of the last frame that was told.
  Time told_at_{};
  uint32_t told_generation_ = 0;
  std::optional<capture::Cursor> told_cursor_;
};

}  // namespace oriel::session
