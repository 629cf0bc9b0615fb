// Lane's steps: from the latest frame to a published update.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "service/session/bounded_damage.h"
#include "service/session/lane.h"

namespace oriel::session {

Lane::Work Lane::NextWork() {
  const bool on = latest_.frame.plane.on;
  if (!started_) return Work::kPrepare;
  // A guest that changes its mode all the time costs no more than one that
  // draws all the time.
  if (on && prepared_generation_ != generation_)
    return IsDue(next_step_) ? Work::kPrepare : Work::kNone;
  if (!on || wait_for_frame_) return Work::kNone;
  bool any_current = false;
  bool any_ready = false;
  for (const auto& viewer : viewers_) {
    any_current |= viewer->state_.current();
    any_ready |= viewer->state_.ready();
  }
  if (join_by_ == encoder::JoinBy::kKeyframe) {
    return NextVideoWork(any_current, any_ready);
  }
  return NextPatchWork(any_current, any_ready);
}

Lane::Work Lane::NextPatchWork(bool any_current, bool any_ready) {
  // What a link takes of the first picture nobody knows: each viewer catches up
  // with it, which tells.
  if (any_ready && fresh() && MakesStills() && AnyAcknowledges())
    return IsDue(next_step_) ? Work::kSkip : Work::kNone;
  if (any_ready) {
    const bool wanted = !pending_.empty() ||
                        (again_at_.has_value() && IsDue(*again_at_)) ||
                        (keyframe_asked_ && IsKeyframeDue());
    return wanted && IsDue(next_step_) ? Work::kEncode : Work::kNone;
  }
  // While every current viewer has an update waiting, changes merge.
  if (any_current || pending_.empty()) return Work::kNone;
  // R stands still for a while, so that viewers can reach it: one that chases a
  // film never would, and only what is encoded becomes video.
  return !last_skip_.has_value() ||
                 IsDue(*last_skip_ + context_->tuning.skip_pause)
             ? Work::kSkip
             : Work::kNone;
}

bool Lane::IsDue(Time due) {
  if (due <= Clock::now()) return true;
  if (timed_.has_value() && *timed_ <= due) return false;
  timed_ = due;
  context_->timer.CallAt(due, [lane = weak_from_this(), due] {
    const auto self = lane.lock();
    if (self == nullptr) return;
    MutexLock lock(self->mutex_);
    if (self->timed_ == due) self->timed_.reset();
    self->Schedule();
  });
  return false;
}

bool Lane::IsKeyframeDue() {
  return !last_keyframe_.has_value() ||
         IsDue(*last_keyframe_ + context_->tuning.keyframe_interval);
}

Lane::Work Lane::NextVideoWork(bool any_current, bool any_ready) {
  if (fresh()) return any_ready ? Work::kKeyframe : Work::kNone;
  bool wanted = keyframe_asked_ && any_current;
  for (const auto& viewer : viewers_) wanted |= viewer->state_.WantsKeyframe();
  if (wanted && IsKeyframeDue()) return Work::kKeyframe;
  return any_ready && !pending_.empty() && IsDue(next_step_) ? Work::kEncode
                                                             : Work::kNone;
}

// A bucket of encode_burst that fills at encode_share: a display that changes
// all the time and compresses badly gets fewer updates, and leaves processors
// to the others.
void Lane::Spend(Duration duration) {
  const Tuning& tuning = context_->tuning;
  const Time now = Clock::now();
  const auto cost =
      std::chrono::duration_cast<Duration>(duration / tuning.encode_share);
  spent_until_ = std::max(spent_until_, now - tuning.encode_burst) + cost;
  next_step_ = spent_until_;
}

Lane::StepInput Lane::TakeWork() {
  StepInput input;
  if (ended_ || viewers_.empty()) return input;
  input.work = NextWork();
  input.what.now = Clock::now();
  switch (input.work) {
    case Work::kNone:
      break;
    case Work::kPrepare:
      if (latest_.frame.plane.on) {
        input.generation = generation_;
        input.size = latest_.frame.plane.size;
      } else if (generation_ == 0) {
        input.size = options_.likely_size;
      }
      break;
    case Work::kEncode:
      input.generation = generation_;
      input.frame = latest_;
      input.what.damage = std::exchange(pending_, {});
      input.what.changes = {changes_.begin(), changes_.end()};
      changes_.clear();
      again_at_.reset();
      input.what.video_keyframes = TakeVideoKeyframes();
      break;
    case Work::kSkip:
      last_skip_ = input.what.now;
      input.generation = generation_;
      input.frame = latest_;
      input.what.damage = std::exchange(pending_, {});
      break;
    case Work::kKeyframe:
      input.generation = generation_;
      input.frame = latest_;
      input.what.damage = Everything();
      input.what.keyframe = true;
      pending_.Clear();
      keyframe_asked_ = false;
      break;
  }
  return input;
}

// Of streams beside patches; a lane of plain video has keyframe steps.
bool Lane::TakeVideoKeyframes() {
  if (join_by_ != encoder::JoinBy::kCatchUp || !keyframe_asked_ ||
      !IsKeyframeDue()) {
    return false;
  }
  keyframe_asked_ = false;
  last_keyframe_ = Clock::now();
  return true;
}

void Lane::Step() {
  StepInput input;
  {
    MutexLock lock(mutex_);
    input = TakeWork();
    stepping_ = input.work != Work::kNone;
  }
  if (input.work == Work::kPrepare) {
    Prepare(input);
  } else if (input.work != Work::kNone) {
    Encode(input);
  }
  {
    MutexLock lock(mutex_);
    if (!viewers_.empty() || stepping_) return;
  }
  CloseEncoder();
  on_viewers_changed_();
}

void Lane::CloseEncoder() {
  {
    MutexLock lock(mutex_);
    if (!ended_ || stepping_ || std::exchange(encoder_closed_, true)) return;
  }
  encoder_.Close();
}

void Lane::Prepare(const StepInput& input) {
  const Time begun = Clock::now();
  absl::Status status;
  if (!input.size.empty()) {
    status = encoder_.Prepare(input.generation, input.size);
  }
  MutexLock lock(mutex_);
  stepping_ = false;
  Spend(Clock::now() - begun);
  if (ended_) return;
  started_ = true;
  NoteEncoder(encoder_.description());
  // Where only the likely size was refused, the real one is still to come.
  if (!status.ok() && input.generation != 0 &&
      input.generation == generation_) {
    EndLocked(status);
    return;
  }
  if (input.generation != 0 && status.ok()) {
    prepared_generation_ = input.generation;
    join_by_ = encoder_.join_by();
  }
  Schedule();
}

void Lane::Encode(const StepInput& input) {
  absl::StatusOr<LaneStep> step =
      input.work == Work::kSkip ? encoder_.Skip(input.frame, input.what.damage)
                                : encoder_.Encode(input.frame, input.what);
  WireMessagePtr message;
  if (step.ok() && step->publish) {
    message = context_->wire->Encode(step->update);
  }
  MutexLock lock(mutex_);
  stepping_ = false;
  const Duration took = Clock::now() - input.what.now;
  Spend(took);
  NoteEncoder(encoder_.description());
  NotePace(took);
  // Another generation began meanwhile: this is of no use to anybody, and
  // Prepare makes R black again.
  if (!ended_ && generation_ == input.generation) {
    if (step.ok()) {
      Publish(input, *std::move(step), std::move(message));
    } else {
      NoteFailure(input, step.status());
    }
  }
  Schedule();
}

void Lane::NotePace(Duration took) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  if (slow_said_ && took < context_->tuning.slow_step / 4) {
    slow_said_ = false;
    spdlog::info("event=encoder_keeps_pace display={} encoder={} ms={}",
                 options_.display, LogText(encoder_description_), ms);
  }
  if (slow_said_ || took < context_->tuning.slow_step) return;
  const std::optional<std::string> unsaid =
      options_.problems->Admit("encoder_slow" + encoder_description_);
  if (!unsaid.has_value()) return;
  slow_said_ = true;
  spdlog::warn(
      "event=encoder_slow display={} encoder={} ms={} "
      "effect=\"its viewers get few updates\"{}",
      options_.display, LogText(encoder_description_), ms, *unsaid);
}

void Lane::Publish(const StepInput& input, LaneStep step,
                   WireMessagePtr message) {
  if (std::exchange(failing_, false) && failure_said_) {
    spdlog::info("event=encode_recovered display={}", options_.display);
  }
  Damage rest = input.what.damage;
  rest.Subtract(step.done);
  AddBounded(pending_, rest);
  again_at_ = step.again_at;
  reference_ = std::move(step.reference);
  reference_sequence_ = step.sequence;
  reference_exact_ = step.exact;
  reference_inexact_ = std::move(step.inexact);
  reference_time_ = input.frame.frame.time;
  cache_.Invalidate(step.destinations);
  if (step.restarts) last_keyframe_ = Clock::now();
  if (message == nullptr) {
    if (input.work != Work::kSkip) return;
    reference_torn_ = false;
    for (const auto& viewer : viewers_) {
      viewer->state_.Miss(step.missed);
    }
    return;
  }
  reference_torn_ = step.update.more_follows;
  const OutgoingUpdate update = {
      .message = std::move(message),
      .sequence = step.sequence,
      .restarts = step.restarts,
      .destinations = std::make_shared<const Damage>(std::move(step.missed))};
  for (const auto& viewer : viewers_) viewer->state_.Publish(update);
}

void Lane::NoteFailure(const StepInput& input, const absl::Status& status) {
  AddBounded(pending_, input.what.damage);
  if (input.what.video_keyframes) keyframe_asked_ = true;
  if (input.work == Work::kKeyframe && !fresh()) keyframe_asked_ = true;
  wait_for_frame_ = true;
  if (std::exchange(failing_, true)) return;
  failure_said_ =
      LogProblem("encode_failed", status, "tried again with every frame");
}

}  // namespace oriel::session
