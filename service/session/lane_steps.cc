// Lane's steps: from the latest frame to a published update.
#include <spdlog/spdlog.h>

#include <utility>

#include "base/log.h"
#include "service/session/bounded_damage.h"
#include "service/session/lane.h"

namespace oriel::session {

Lane::Work Lane::NextWork() {
  const bool on = latest_.frame.plane.on;
  if (!started_ || (on && prepared_generation_ != generation_)) {
    return Work::kPrepare;
  }
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
  if (pending_.empty()) return Work::kNone;
  if (any_ready) return Work::kEncode;
  // While every current viewer has an update waiting, changes merge.
  return any_current ? Work::kNone : Work::kSkip;
}

Lane::Work Lane::NextVideoWork(bool any_current, bool any_ready) {
  if (fresh()) return any_ready ? Work::kKeyframe : Work::kNone;
  bool wanted = keyframe_asked_ && any_current;
  for (const auto& viewer : viewers_) wanted |= viewer->state_.WantsKeyframe();
  if (wanted) {
    const Time now = Clock::now();
    const Time due = last_keyframe_
                         ? *last_keyframe_ + context_->tuning.keyframe_interval
                         : now;
    if (due <= now) return Work::kKeyframe;
    if (!keyframe_timed_) {
      keyframe_timed_ = true;
      context_->timer.CallAt(due, [lane = weak_from_this()] {
        const auto self = lane.lock();
        if (self == nullptr) return;
        MutexLock lock(self->mutex_);
        self->keyframe_timed_ = false;
        self->Schedule();
      });
    }
  }
  return any_ready && !pending_.empty() ? Work::kEncode : Work::kNone;
}

Lane::StepInput Lane::TakeWork() {
  StepInput input;
  if (ended_) return input;
  input.work = NextWork();
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
    case Work::kSkip:
      input.generation = generation_;
      input.frame = latest_;
      input.damage = std::exchange(pending_, {});
      break;
    case Work::kKeyframe:
      input.generation = generation_;
      input.frame = latest_;
      input.damage = Everything();
      pending_.Clear();
      keyframe_asked_ = false;
      break;
  }
  return input;
}

void Lane::Step() {
  StepInput input;
  {
    MutexLock lock(mutex_);
    input = TakeWork();
    if (input.work == Work::kNone) {
      stepping_ = false;
      return;
    }
  }
  if (input.work == Work::kPrepare) {
    Prepare(input);
  } else {
    Encode(input);
  }
}

void Lane::Prepare(const StepInput& input) {
  absl::Status status;
  if (!input.size.empty()) {
    status = encoder_.Prepare(input.generation, input.size);
  }
  {
    MutexLock lock(mutex_);
    stepping_ = false;
    if (ended_) return;
    if (!started_) {
      started_ = true;
      encoder_description_ = encoder_.description();
      for (const auto& viewer : viewers_) Welcome(*viewer);
    }
    if (status.ok() || input.generation != generation_) {
      if (input.generation != 0 && status.ok()) {
        prepared_generation_ = input.generation;
        join_by_ = encoder_.join_by();
      }
      Schedule();
      return;
    }
    if (input.generation == 0) {  // only the likely size was refused
      Schedule();
      return;
    }
    EndLocked(status);
  }
  on_viewers_changed_();
}

void Lane::Encode(const StepInput& input) {
  absl::StatusOr<LaneStep> step =
      input.work == Work::kSkip
          ? encoder_.Skip(input.frame, input.damage)
          : encoder_.Encode(input.frame, input.damage,
                            input.work == Work::kKeyframe);
  WireMessagePtr message;
  if (step.ok() && step->publish) {
    message = context_->wire->Encode(step->update);
  }
  MutexLock lock(mutex_);
  stepping_ = false;
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

void Lane::Publish(const StepInput& input, LaneStep step,
                   WireMessagePtr message) {
  if (std::exchange(failing_, false)) {
    spdlog::info("event=encode_recovered display={}", options_.display);
  }
  Damage rest = input.damage;
  rest.Subtract(step.done);
  AddBounded(pending_, rest);
  reference_ = std::move(step.reference);
  reference_sequence_ = step.sequence;
  reference_exact_ = step.exact;
  reference_time_ = input.frame.frame.time;
  cache_.Invalidate(step.destinations);
  if (step.restarts) last_keyframe_ = Clock::now();
  if (message == nullptr) {
    if (input.work != Work::kSkip) return;
    reference_torn_ = false;
    for (const auto& viewer : viewers_) {
      viewer->state_.Miss(step.destinations);
    }
    return;
  }
  reference_torn_ = step.update.more_follows;
  const OutgoingUpdate update = {.message = std::move(message),
                                 .sequence = step.sequence,
                                 .restarts = step.restarts,
                                 .destinations = std::make_shared<const Damage>(
                                     std::move(step.destinations))};
  for (const auto& viewer : viewers_) viewer->state_.Publish(update);
}

void Lane::NoteFailure(const StepInput& input, const absl::Status& status) {
  AddBounded(pending_, input.damage);
  if (input.work == Work::kKeyframe && !fresh()) keyframe_asked_ = true;
  wait_for_frame_ = true;
  if (std::exchange(failing_, true)) return;
  spdlog::error(
      "event=encode_failed display={} reason={} "
      "next=\"tried again with every frame\"",
      options_.display, LogText(std::string(status.message())));
}

}  // namespace oriel::session
