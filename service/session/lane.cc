#include "service/session/lane.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "encoder/update_encoder.h"
#include "service/session/bounded_damage.h"

namespace oriel::session {
namespace {

// More frames than a viewer lets wait who is to see motion.
constexpr size_t kMaxChanges = 32;

}  // namespace

Lane::Lane(std::shared_ptr<SessionContext> context, const LaneOptions& options,
           std::function<void()> on_viewers_changed)
    : context_(std::move(context)),
      options_(options),
      on_viewers_changed_(std::move(on_viewers_changed)),
      encoder_({.encoding = options.encoding,
                .quality = options.quality,
                .size = options.likely_size,
                .max_rate_hz = options.max_rate_hz,
                // The lane's steps run on these workers; the context outlives
                // them.
                .parallel_for =
                    [workers = &context_->workers](
                        int count, const std::function<void(int)>& task) {
                      workers->ForEach(count, task);
                    }},
               &context_->encoders) {
  spdlog::debug("event=lane_begins display={} encoding={} quality={}",
                options_.display, encoder::EncodingName(options_.encoding),
                static_cast<int>(options_.quality));
}

std::shared_ptr<LaneViewer> Lane::AddViewer(uint64_t id, bool acknowledges,
                                            std::shared_ptr<ViewerSink> sink) {
  auto viewer =
      std::make_shared<LaneViewer>(id, shared_from_this(), std::move(sink),
                                   context_->tuning.viewer, acknowledges);
  MutexLock lock(mutex_);
  if (ended_) return nullptr;
  // What the lane has is as old as its last viewer.
  if (viewers_.empty() && generation_ != 0) wait_for_frame_ = true;
  viewers_.push_back(viewer);
  Welcome(*viewer);
  if (generation_ != 0) {
    viewer->state_.StartGeneration(format_, Everything(), fresh());
  }
  OfferCursor(*viewer);
  spdlog::debug("event=viewer_opened display={} viewer={:x}", options_.display,
                id);
  ScheduleHeartbeat();
  Schedule();
  return viewer;
}

void Lane::Welcome(LaneViewer& viewer) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const Tuning& tuning = context_->tuning;
  viewer.state_.Open(context_->wire->Encode(StreamOpened{
      .viewer_id = viewer.id_,
      .encoding = options_.encoding,
      .window_bytes = static_cast<uint32_t>(tuning.viewer.window_bytes),
      .heartbeat_interval =
          duration_cast<milliseconds>(tuning.heartbeat_interval),
      .encoder = encoder_description_}));
}

void Lane::NoteEncoder(const std::string& description) {
  if (description == encoder_description_) return;
  encoder_description_ = description;
  const WireMessagePtr message = context_->wire->EncodeEncoder(description);
  for (const auto& viewer : viewers_) viewer->state_.SetEncoder(message);
}

Damage Lane::Everything() const {
  return Damage(Rect::Of(latest_.frame.plane.size));
}

void Lane::OnPlane(const PlaneEvent& event) {
  MutexLock lock(mutex_);
  if (ended_) return;
  wait_for_frame_ = false;
  catch_up_waits_ = false;
  if (event.frame.generation != generation_) {
    StartGeneration(event);
  } else {
    AddBounded(pending_, event.frame.damage);
    NoteChange(event.frame);
    latest_ = {event.frame, Clock::now()};
  }
  latest_.frame.damage.Clear();
  UpdateCursor(event.frame.cursor);
  Schedule();
}

void Lane::NoteChange(const capture::Frame& frame) {
  if (options_.encoding != encoder::Encoding::kAdaptive ||
      frame.damage.empty()) {
    return;
  }
  if (changes_.size() == kMaxChanges) changes_.pop_front();
  changes_.push_back({frame.damage, frame.time});
}

void Lane::StartGeneration(const PlaneEvent& event) {
  generation_ = event.frame.generation;
  latest_ = {event.frame, Clock::now()};
  pending_ = Everything();
  changes_.clear();
  again_at_.reset();
  format_ = context_->wire->Encode(StreamFormat{.generation = generation_,
                                                .plane = event.frame.plane,
                                                .state_reason = event.reason});
  reference_ = {};
  reference_sequence_ = 0;
  reference_exact_ = false;
  reference_torn_ = false;
  reference_inexact_.Clear();
  cache_.Clear();
  for (const auto& viewer : viewers_) {
    viewer->state_.StartGeneration(format_, pending_, /*fresh=*/true);
  }
}

void Lane::UpdateCursor(const std::optional<capture::Cursor>& cursor) {
  if (!cursor.has_value() && !cursor_.has_value()) return;
  // A cursor plane that is gone has no pointer.
  const capture::Cursor now = cursor.value_or(capture::Cursor());
  if (cursor_ == now) return;
  cursor_ = now;
  for (WireMessagePtr& message : cursor_messages_) message = nullptr;
  for (const auto& viewer : viewers_) OfferCursor(*viewer);
}

void Lane::OfferCursor(LaneViewer& viewer) {
  if (!cursor_.has_value()) return;
  const bool with_shape = cursor_->shape != nullptr &&
                          viewer.state_.cursor_shape() != cursor_->shape;
  WireMessagePtr& message = cursor_messages_[with_shape ? 1 : 0];
  if (message == nullptr) {
    message = context_->wire->Encode(*cursor_, with_shape);
  }
  viewer.state_.SetCursor(message, with_shape ? cursor_->shape : nullptr);
}

bool Lane::LogProblem(const char* event, const absl::Status& status,
                      const char* next) const {
  const std::string reason(status.message());
  const std::optional<std::string> unsaid =
      options_.problems->Admit(event + reason);
  if (!unsaid.has_value()) return false;
  spdlog::error("event={} display={} reason={} next=\"{}\"{}", event,
                options_.display, LogText(reason), next, *unsaid);
  return true;
}

void Lane::End(const absl::Status& status) {
  MutexLock lock(mutex_);
  EndLocked(status);
}

void Lane::EndLocked(const absl::Status& status) {
  if (ended_) return;
  ended_ = true;
  spdlog::debug("event=lane_ends display={} encoding={} quality={}",
                options_.display, encoder::EncodingName(options_.encoding),
                static_cast<int>(options_.quality));
  for (const auto& viewer : viewers_) {
    // A status of its own: threads share no counts inside absl, which the
    // thread sanitizer cannot see into.
    viewer->close_with_ = absl::Status(status.code(), status.message());
    ScheduleWrite(*viewer);
  }
  viewers_.clear();
  // Not on this thread: a codec's end can take long too.
  if (!stepping_) {
    context_->steps.Submit(
        [self = shared_from_this()] { self->CloseEncoder(); });
  }
  latest_ = {};
  reference_ = {};
  cache_.Clear();
}

uint32_t Lane::viewer_count() const {
  MutexLock lock(mutex_);
  return static_cast<uint32_t>(viewers_.size());
}

bool Lane::idle() const {
  MutexLock lock(mutex_);
  return viewers_.empty() && !stepping_;
}

std::shared_ptr<Viewer> Lane::FindViewer(uint64_t id) const {
  MutexLock lock(mutex_);
  for (const auto& viewer : viewers_) {
    if (viewer->id_ == id) return viewer;
  }
  return nullptr;
}

// --- what transports say ---

void Lane::Written(LaneViewer& viewer) {
  MutexLock lock(mutex_);
  viewer.state_.Written();
  Schedule();
}

absl::Status Lane::Control(LaneViewer& viewer, const ViewerControl& control) {
  MutexLock lock(mutex_);
  if (viewer.gone_ || ended_) return absl::OkStatus();
  ViewerState& state = viewer.state_;
  if (control.applied_sequence != 0) {
    absl::Status status = state.Acknowledge(
        control.applied_sequence, control.received_update_count, Clock::now());
    if (!status.ok()) return status;
  }
  const bool goes_on = state.paused() && !control.paused;
  state.SetPaused(control.paused, reference_sequence_);
  if (control.resync || (goes_on && fresh())) {
    state.Resync(Everything(), fresh());
  }
  if (!control.keyframe_streams.empty()) keyframe_asked_ = true;
  Schedule();
  return absl::OkStatus();
}

void Lane::Leave(LaneViewer& viewer) {
  std::shared_ptr<ViewerSink> sink;  // goes without the lock
  {
    MutexLock lock(mutex_);
    viewer.gone_ = true;
    sink = std::move(viewer.sink_);
    const size_t count = std::erase_if(
        viewers_, [&](const auto& v) { return v.get() == &viewer; });
    if (count == 0) return;
    spdlog::debug("event=viewer_closed display={} viewer={:x}",
                  options_.display, viewer.id_);
    Schedule();
  }
  on_viewers_changed_();
}

// --- what is to be done now ---

void Lane::Schedule() {
  if (ended_ || viewers_.empty()) return;
  if (!stepping_ && NextWork() != Work::kNone) {
    stepping_ =
        context_->steps.Submit([self = shared_from_this()] { self->Step(); });
  }
  if (!catching_up_ && NextCatchUpViewer() != nullptr) {
    catching_up_ = context_->workers.Submit(
        [self = shared_from_this()] { self->CatchUpOne(); });
  }
  for (const auto& viewer : viewers_) ScheduleWrite(*viewer);
}

void Lane::ScheduleWrite(LaneViewer& viewer) {
  if (viewer.publishing_ || viewer.gone_) return;
  if (!viewer.close_with_ && !viewer.state_.can_send()) return;
  viewer.publishing_ = context_->publishers.Submit(
      [self = shared_from_this(), shared = viewer.shared_from_this()] {
        self->Write(shared);
      });
}

void Lane::Write(const std::shared_ptr<LaneViewer>& viewer) {
  while (WriteOne(*viewer)) {
  }
}

bool Lane::WriteOne(LaneViewer& viewer) {
  WireMessagePtr message;
  std::optional<absl::Status> close_with;
  std::shared_ptr<ViewerSink> sink;
  {
    MutexLock lock(mutex_);
    sink = viewer.sink_;
    if (!viewer.gone_) {
      close_with = std::exchange(viewer.close_with_, std::nullopt);
      if (!close_with) message = viewer.state_.Next(Clock::now());
    }
    if (close_with) {
      viewer.gone_ = true;
      viewer.sink_.reset();
    }
    if (message == nullptr) viewer.publishing_ = false;
  }
  if (close_with) sink->Close(*close_with);
  if (message == nullptr) return false;
  sink->Write(std::move(message));
  MutexLock lock(mutex_);
  viewer.publishing_ = false;
  ScheduleWrite(viewer);
  if (viewer.publishing_ || viewer.gone_ || !viewer.close_with_) return false;
  // The publishers stop already and take no more, but the stream must end.
  viewer.publishing_ = true;
  return true;
}

void Lane::ScheduleHeartbeat() {
  if (heartbeat_timed_ || viewers_.empty()) return;
  heartbeat_timed_ = true;
  context_->timer.CallAt(Clock::now() + context_->tuning.heartbeat_interval / 4,
                         [lane = weak_from_this()] {
                           if (const auto self = lane.lock())
                             self->SendHeartbeats();
                         });
}

void Lane::SendHeartbeats() {
  const WireMessagePtr heartbeat = context_->wire->EncodeHeartbeat();
  MutexLock lock(mutex_);
  heartbeat_timed_ = false;
  if (ended_) return;
  // Called every quarter of the interval.
  const Time idle_since =
      Clock::now() - context_->tuning.heartbeat_interval * 3 / 4;
  for (const auto& viewer : viewers_) {
    if (!viewer->state_.WantsHeartbeat(idle_since)) continue;
    viewer->state_.SetHeartbeat(heartbeat);
    ScheduleWrite(*viewer);
  }
  ScheduleHeartbeat();
}

}  // namespace oriel::session
