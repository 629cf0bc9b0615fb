#include "service/session/lane_encoder.h"

#include <utility>

#include "base/status_macros.h"
#include "encoder/band_hash.h"

namespace oriel::session {

absl::Status LaneEncoder::Prepare(uint32_t generation, Size size) {
  if (encoder_ == nullptr || encoder_used_ || options_.size != size) {
    encoder_.reset();
    options_.size = size;
    ASSIGN_OR_RETURN(encoder_, encoders_->make(options_));
    encoder_used_ = false;
  }
  if (generation == 0) return absl::OkStatus();
  reference_ = BandedPicture(size);
  base_sequence_ = 0;
  more_promised_ = false;
  next_checked_band_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<LaneStep> LaneEncoder::Encode(const LaneFrame& frame,
                                             const Damage& damage,
                                             bool keyframe) {
  const Time begun = Clock::now();
  encoder_used_ = true;
  ASSIGN_OR_RETURN(encoder::EncodeResult result,
                   encoder_->Encode({.picture = frame.frame.picture,
                                     .reference = reference_,
                                     .damage = damage,
                                     .keyframe = keyframe || !base_sequence_,
                                     .capture_time = frame.frame.time}));
  if (result.done.empty()) {
    return absl::InternalError(encoder_->description() +
                               " did nothing with its damage");
  }
  LaneStep step = Finish(frame, damage, std::move(result));
  step.update.durations = {.scan = frame.frame.scan_duration,
                           .wait = begun - frame.scanned,
                           .encode = Clock::now() - begun};
  return step;
}

LaneStep LaneEncoder::Finish(const LaneFrame& frame, const Damage& damage,
                             encoder::EncodeResult result) {
  Damage rest = damage;
  rest.Subtract(result.done);
  for (const Rect& rect : result.done.Rects()) {
    reference_.CopyFrom(frame.frame.picture, rect);
  }
  LaneStep step;
  std::vector<Rect> destinations;
  for (const encoder::Patch& patch : result.patches) {
    destinations.push_back(patch.rect);
  }
  step.destinations = Damage::FromRects(std::move(destinations));
  step.exact =
      encoder_->exact() && !frame.frame.plane.converted && rest.empty();
  // An update without patches still ends a change that was promised to go on,
  // or says of a black picture that it is all.
  step.publish = !result.patches.empty() ||
                 (rest.empty() && (more_promised_ || base_sequence_ == 0));
  if (step.publish) {
    const bool video = encoder_->join_by() == encoder::JoinBy::kKeyframe;
    step.restarts = video && result.keyframe;
    step.update.generation = frame.frame.generation;
    step.update.sequence = ++last_sequence_;
    step.update.base_sequence = step.restarts ? 0 : base_sequence_;
    step.update.patches = std::move(result.patches);
    step.update.more_follows = more_promised_ = !rest.empty();
    step.update.exact = step.exact;
    step.update.capture_time = frame.frame.time;
    if (encoder_->exact() && step.update.base_sequence != 0) {
      next_checked_band_ %= reference_.band_count();
      step.update.check = encoder::HashBand(reference_, next_checked_band_++);
    }
    base_sequence_ = step.update.sequence;
  }
  step.done = std::move(result.done);
  step.reference = reference_;
  step.sequence = base_sequence_;
  return step;
}

LaneStep LaneEncoder::Skip(const LaneFrame& frame, const Damage& damage) {
  for (const Rect& rect : damage.Rects()) {
    reference_.CopyFrom(frame.frame.picture, rect);
  }
  more_promised_ = false;
  base_sequence_ = ++last_sequence_;
  LaneStep step;
  step.done = damage;
  step.destinations = damage;
  step.reference = reference_;
  step.sequence = base_sequence_;
  step.exact = encoder_->exact() && !frame.frame.plane.converted;
  return step;
}

}  // namespace oriel::session
