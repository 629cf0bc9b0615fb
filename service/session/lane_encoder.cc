#include "service/session/lane_encoder.h"

#include <chrono>
#include <utility>

#include "base/status_macros.h"
#include "encoder/band_hash.h"

namespace oriel::session {
namespace {

// Of a display at 30 Hz.
constexpr Duration kTick = std::chrono::milliseconds(33);
// A screen that changes faster than it can be sent is never complete: then a
// picture of two times is better than none.
constexpr Duration kLongestTear = std::chrono::milliseconds(100);

}  // namespace

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
  links_ = {};
  return absl::OkStatus();
}

absl::StatusOr<LaneStep> LaneEncoder::Encode(const LaneFrame& frame,
                                             const LaneWork& work) {
  const Time begun = Clock::now();
  encoder_used_ = true;
  ASSIGN_OR_RETURN(
      encoder::EncodeResult result,
      encoder_->Encode({.picture = frame.frame.picture,
                        .reference = reference_,
                        .damage = work.damage,
                        .keyframe = work.keyframe || !base_sequence_,
                        .capture_time = frame.frame.time,
                        .hurry = behind_,
                        .now = begun,
                        .changes = work.changes,
                        .video_keyframes = work.video_keyframes}));
  if (!work.damage.empty() && result.done.empty()) {
    return absl::InternalError(encoder_->description() +
                               " did nothing with its damage");
  }
  LaneStep step = Finish(frame, work, std::move(result));
  const Duration took = Clock::now() - begun;
  behind_ = took > kTick;
  step.update.durations = {.scan = frame.frame.scan_duration,
                           .wait = begun - frame.scanned,
                           .encode = took};
  return step;
}

LaneStep LaneEncoder::Finish(const LaneFrame& frame, const LaneWork& work,
                             encoder::EncodeResult result) {
  Damage rest = work.damage;
  rest.Subtract(result.done);
  TakeOver(frame.frame.picture, result.done, rest);
  LaneStep step;
  std::vector<Rect> destinations;
  for (const encoder::Patch& patch : result.patches) {
    destinations.push_back(patch.rect);
  }
  step.destinations = Damage::FromRects(std::move(destinations));
  step.missed = step.destinations;
  step.missed.Subtract(encoder_->inexact());
  step.inexact = encoder_->inexact();
  step.exact = encoder_->exact() && !frame.frame.plane.converted &&
               rest.empty() && encoder_->inexact().empty();
  step.again_at = result.again_at;
  step.done = result.done;
  // An update without patches still ends a change that was promised to go on,
  // or says of a black picture that it is all.
  step.publish = !result.patches.empty() ||
                 (rest.empty() && (more_promised_ || base_sequence_ == 0));
  if (step.publish) FillUpdate(frame, result, !rest.empty(), work.now, step);
  step.reference = reference_;
  step.sequence = base_sequence_;
  return step;
}

void LaneEncoder::FillUpdate(const LaneFrame& frame,
                             encoder::EncodeResult& result, bool more_follows,
                             Time now, LaneStep& step) {
  const bool video = encoder_->join_by() == encoder::JoinBy::kKeyframe;
  step.restarts = video && result.keyframe;
  step.update.generation = frame.frame.generation;
  step.update.sequence = ++last_sequence_;
  step.update.base_sequence = step.restarts ? 0 : base_sequence_;
  step.update.patches = std::move(result.patches);
  step.update.more_follows = MayStayTorn(more_follows, now);
  step.update.exact = step.exact;
  step.update.capture_time = frame.frame.time;
  links_.Link(step.update);
  if (encoder_->exact() && step.update.base_sequence != 0)
    AddCheck(step.update);
  base_sequence_ = step.update.sequence;
}

bool LaneEncoder::MayStayTorn(bool more_follows, Time now) {
  if (!more_follows) return more_promised_ = false;
  if (!more_promised_) torn_since_ = now;
  return more_promised_ = now - torn_since_ < kLongestTear;
}

// Of the next band that all viewers show as it is; none where there is none.
void LaneEncoder::AddCheck(encoder::Update& update) {
  const int bands = reference_.band_count();
  for (int i = 0; i < bands; ++i) {
    const int band = next_checked_band_++ % bands;
    next_checked_band_ %= bands;
    if (encoder_->inexact().Intersects(reference_.BandRect(band))) continue;
    update.check = encoder::HashBand(reference_, band);
    return;
  }
}

// Outside of `rest` the two are equal then, so that whole bands are shared
// where it does not reach, and no pixel is copied.
void LaneEncoder::TakeOver(const BandedPicture& picture, const Damage& done,
                           const Damage& rest) {
  for (int i = 0; i < picture.band_count(); ++i) {
    const Rect band = picture.BandRect(i);
    if (!done.Intersects(band)) continue;
    if (!rest.Intersects(band)) {
      reference_.CopyFrom(picture, band);
      continue;
    }
    Damage part = done;
    part.IntersectWith(band);
    for (const Rect& rect : part.Rects()) reference_.CopyFrom(picture, rect);
  }
}

LaneStep LaneEncoder::Skip(const LaneFrame& frame, const Damage& damage) {
  TakeOver(frame.frame.picture, damage, {});
  encoder_->Skipped(damage);
  more_promised_ = false;
  base_sequence_ = ++last_sequence_;
  LaneStep step;
  step.done = damage;
  step.destinations = damage;
  step.missed = damage;
  step.missed.Subtract(encoder_->inexact());
  step.inexact = encoder_->inexact();
  step.reference = reference_;
  step.sequence = base_sequence_;
  step.exact = encoder_->exact() && !frame.frame.plane.converted &&
               encoder_->inexact().empty();
  return step;
}

}  // namespace oriel::session
