#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/log_limit.h"
#include "base/mutex.h"
#include "base/picture/banded_picture.h"
#include "base/picture/damage.h"
#include "encoder/update_encoder.h"
#include "service/session/catch_up_cache.h"
#include "service/session/lane_encoder.h"
#include "service/session/lane_viewer.h"
#include "service/session/plane_tracker.h"
#include "service/session/session_context.h"

namespace oriel::session {

struct LaneOptions {
  std::string display;
  encoder::Encoding encoding = encoder::Encoding::kLossless;
  encoder::Quality quality = encoder::Quality::kMedium;
  int max_rate_hz = 60;
  Size likely_size;  // empty: unknown
  // Of all lanes of the display, for their log lines.
  std::shared_ptr<LogLimit> problems = std::make_shared<LogLimit>();
};

// One sequence of updates, shared by its viewers. Frames that come while a
// step is under way, or while all current viewers still have one waiting,
// merge into one damage: a lane holds one frame, whatever is slow. What a
// viewer is told at once never waits for a step. Thread-safe.
class Lane : public std::enable_shared_from_this<Lane> {
 public:
  // `on_viewers_changed`: a viewer left, the lane ended by itself, or became
  // idle; called without locks.
  Lane(std::shared_ptr<SessionContext> context, const LaneOptions& options,
       std::function<void()> on_viewers_changed);

  // Null once the lane has ended.
  std::shared_ptr<LaneViewer> AddViewer(uint64_t id, bool acknowledges,
                                        std::shared_ptr<ViewerSink> sink);
  // One call at a time. The first one begins a generation, whatever its damage.
  void OnPlane(const PlaneEvent& event);
  // Closes all viewers' streams.
  void End(const absl::Status& status);

  uint32_t viewer_count() const;
  // No viewers, and no step under way: one without viewers is kept until then,
  // for who comes back, rather than to have a second step beside it.
  bool idle() const;
  // Null: none of this lane.
  std::shared_ptr<Viewer> FindViewer(uint64_t id) const;

 private:
  friend class LaneViewer;
  enum class Work { kNone, kPrepare, kEncode, kKeyframe, kSkip };
  struct StepInput {
    Work work = Work::kNone;
    LaneFrame frame;
    LaneWork what;
    Size size;                // to prepare for
    uint32_t generation = 0;  // 0: the plane is off or not known
  };
  struct CatchUp {
    std::shared_ptr<LaneViewer> viewer;
    uint64_t ticket = 0;
    Damage region;  // before it
    Damage part;
    bool weigh = false;  // `part` is only a sample
    bool weighed = false;
    size_t still_bytes = 0;  // what stills may weigh; 0: exact patches
    size_t max_bytes = 0;    // of exact patches
    CatchUpCache::Entry entry;
    BandedPicture reference;
    Damage inexact;
    encoder::Update update;  // but for patches and flags
    bool exact = false;
    bool more_follows = false;
  };

  // Of LaneViewer.
  void Written(LaneViewer& viewer);
  absl::Status Control(LaneViewer& viewer, const ViewerControl& control);
  void Leave(LaneViewer& viewer);

  void NoteChange(const capture::Frame& frame)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartGeneration(const PlaneEvent& event)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Welcome(LaneViewer& viewer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // `description`: the encoder's, after a step.
  void NoteEncoder(const std::string& description)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The pointer is now this; empty: the device has no cursor plane.
  void UpdateCursor(const std::optional<capture::Cursor>& cursor)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OfferCursor(LaneViewer& viewer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Damage Everything() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Nothing of this generation has been published.
  bool fresh() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return reference_sequence_ == 0;
  }

  // Gives the pools what is to be done now; after every change.
  void Schedule() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ScheduleWrite(LaneViewer& viewer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ScheduleHeartbeat() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendHeartbeats();

  // Steps, on a worker.
  Work NextWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Work NextVideoWork(bool any_current, bool any_ready)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Work NextPatchWork(bool any_current, bool any_ready)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether the time has come; calls Schedule when it does, if not.
  bool IsDue(Time due) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsKeyframeDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakeVideoKeyframes() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The share of a processor that the lane's steps may take.
  void Spend(Duration duration) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Step();
  StepInput TakeWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of a lane that has ended; waits for no step.
  void CloseEncoder();
  void Prepare(const StepInput& input);
  void Encode(const StepInput& input);
  void Publish(const StepInput& input, LaneStep step, WireMessagePtr message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Says when an encoder cannot keep pace, so that there are few updates.
  void NotePace(Duration took) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteFailure(const StepInput& input, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Catch-up, on a worker; for one viewer at a time, so that the next finds
  // what was made for this one.
  void CatchUpOne();
  bool BeginCatchUp(CatchUp& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What is to be made: exact patches, stills, or first a sample, which tells
  // whether stills are worth it.
  void ChooseCatchUp(CatchUp& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ChoosePreview(CatchUp& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ChooseFilm(CatchUp& task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Weigh(CatchUp& task);
  void EndCatchUp(const CatchUp& task, bool cached, const absl::Status& status,
                  WireMessagePtr message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // True: it was logged.
  bool LogProblem(const char* event, const absl::Status& status,
                  const char* next) const;
  void NoteCatchUpFailure(const CatchUp& task, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What a still shows is done only where all viewers get it exact later.
  static Damage DoneBy(const CatchUp& task);
  bool MakesStills() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AnyAcknowledges() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<LaneViewer> NextCatchUpViewer() const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status EncodeCatchUp(CatchUp& task) const;

  // On a publisher.
  void Write(const std::shared_ptr<LaneViewer>& viewer);
  // True: there is more, which this thread must do itself.
  bool WriteOne(LaneViewer& viewer);

  void EndLocked(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<SessionContext> context_;
  const LaneOptions options_;
  const std::function<void()> on_viewers_changed_;

  LaneEncoder encoder_;  // touched by the step under way only

  mutable Mutex mutex_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<LaneViewer>> viewers_ ABSL_GUARDED_BY(mutex_);

  // The plane, from OnPlane. Generation 0: not known yet.
  uint32_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
  WireMessagePtr format_ ABSL_GUARDED_BY(mutex_);
  LaneFrame latest_ ABSL_GUARDED_BY(mutex_);
  // Empty: there was none yet. Its messages, without and with the shape, are
  // made when the first viewer needs them.
  std::optional<capture::Cursor> cursor_ ABSL_GUARDED_BY(mutex_);
  WireMessagePtr cursor_messages_[2] ABSL_GUARDED_BY(mutex_);
  // Where `latest_` is not encoded; bounded, see AddBounded.
  Damage pending_ ABSL_GUARDED_BY(mutex_);

  // The frames behind `pending_`, at most kMaxChanges; for ADAPTIVE only.
  std::deque<encoder::FrameChange> changes_ ABSL_GUARDED_BY(mutex_);

  // The steps.
  bool stepping_ ABSL_GUARDED_BY(mutex_) = false;
  bool encoder_closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  // Empty: not known yet.
  std::string encoder_description_ ABSL_GUARDED_BY(mutex_);
  uint32_t prepared_generation_ ABSL_GUARDED_BY(mutex_) = 0;
  encoder::JoinBy join_by_ ABSL_GUARDED_BY(mutex_) = encoder::JoinBy::kCatchUp;
  bool wait_for_frame_ ABSL_GUARDED_BY(mutex_) = false;  // after a failure
  bool failing_ ABSL_GUARDED_BY(mutex_) = false;
  bool failure_said_ ABSL_GUARDED_BY(mutex_) = false;  // in the log
  bool slow_said_ ABSL_GUARDED_BY(mutex_) = false;
  bool keyframe_asked_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<Time> last_keyframe_ ABSL_GUARDED_BY(mutex_);
  std::optional<Time> last_skip_ ABSL_GUARDED_BY(mutex_);
  // When a timer calls Schedule.
  std::optional<Time> timed_ ABSL_GUARDED_BY(mutex_);
  // The encoder wants a step then, though nothing changed.
  std::optional<Time> again_at_ ABSL_GUARDED_BY(mutex_);
  // No step before this: the lane has spent its share.
  Time next_step_ ABSL_GUARDED_BY(mutex_){};
  Time spent_until_ ABSL_GUARDED_BY(mutex_){};

  // What a current viewer shows once its queue is sent. Sequence 0: black,
  // and reference_ is empty.
  BandedPicture reference_ ABSL_GUARDED_BY(mutex_);
  uint64_t reference_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  bool reference_exact_ ABSL_GUARDED_BY(mutex_) = false;
  bool reference_torn_ ABSL_GUARDED_BY(mutex_) = false;  // more follows
  Time reference_time_ ABSL_GUARDED_BY(mutex_);
  Damage reference_inexact_ ABSL_GUARDED_BY(mutex_);

  bool catching_up_ ABSL_GUARDED_BY(mutex_) = false;
  bool catch_up_waits_ ABSL_GUARDED_BY(mutex_) = false;  // after a failure
  bool catch_up_failing_ ABSL_GUARDED_BY(mutex_) = false;
  bool stills_failed_ ABSL_GUARDED_BY(mutex_) = false;
  CatchUpCache cache_ ABSL_GUARDED_BY(mutex_);
  size_t next_catch_up_ ABSL_GUARDED_BY(mutex_) = 0;

  bool heartbeat_timed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace oriel::session
