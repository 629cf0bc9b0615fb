#include "encoder/adaptive/adaptive_encoder.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/log_limit.h"
#include "base/status_macros.h"
#include "encoder/adaptive/refinement.h"

namespace oriel::encoder {
namespace {

// Of one refinement: what a link of 100 Mbit/s takes in a frame's time; less
// where it shares an update with what changed.
constexpr size_t kRefineBytes = 256 * 1024;
constexpr size_t kSharedRefineBytes = 64 * 1024;
constexpr int64_t kRefinePx = 512 * 1024;
constexpr Duration kRefinePause = std::chrono::milliseconds(15);
// An area that has not changed for longer than a film's picture is shown is
// made finer so often, before patches make it exact.
constexpr Duration kStandsStill = std::chrono::milliseconds(60);
constexpr Duration kFinerPause = std::chrono::milliseconds(12);
constexpr int kFinerTimes = 4;
constexpr Duration kProbePause = std::chrono::milliseconds(1500);
// Enough to know.
constexpr size_t kProbeBytes = 96 * 1024;

size_t PayloadBytes(const std::vector<Patch>& patches) {
  size_t sum = 0;
  for (const Patch& patch : patches) {
    if (patch.payload != nullptr) sum += patch.payload->size();
  }
  return sum;
}

Damage Destinations(const std::vector<Patch>& patches) {
  std::vector<Rect> rects;
  for (const Patch& patch : patches) rects.push_back(patch.rect);
  return Damage::FromRects(std::move(rects));
}

// A GPU that fails does so with every area, of all displays.
void LogProblem(const char* event, const absl::Status& status) {
  static auto* const limit = new LogLimit;
  const std::string reason(status.message());
  const std::optional<std::string> unsaid = limit->Admit(event + reason);
  if (!unsaid.has_value()) return;
  spdlog::warn("event={} reason={} next=\"lossless patches\"{}", event,
               LogText(reason), *unsaid);
}

}  // namespace

AdaptiveEncoder::AdaptiveEncoder(Size size,
                                 std::unique_ptr<UpdateEncoder> lossless,
                                 OpenAreaStream open,
                                 const MotionTuning& tuning)
    : lossless_(std::move(lossless)),
      open_(std::move(open)),
      planner_(size, tuning) {}

std::string AdaptiveEncoder::description() const {
  if (video_description_.empty()) return lossless_->description();
  return lossless_->description() + ", " + video_description_;
}

absl::StatusOr<EncodeResult> AdaptiveEncoder::Encode(
    const EncodeRequest& request) {
  NoteChanges(request);
  FollowPlan(planner_.Plan(request.now), request.now);
  EncodeResult result;
  result.keyframe = request.keyframe;
  // A keyframe stands alone: patches of everything, and video goes on behind
  // it.
  const Damage inexact_before = inexact_;
  if (request.keyframe) inexact_.Clear();
  Damage rest = request.damage;
  if (!request.keyframe) EncodeAreas(request, rest, result);
  if (absl::Status status = EncodePatches(request, rest, result);
      !status.ok()) {
    // Nobody gets what was made.
    LoseAccessUnits();
    inexact_ = inexact_before;
    return status;
  }
  NoteWhen(request, result);
  return result;
}

absl::Status AdaptiveEncoder::EncodePatches(const EncodeRequest& request,
                                            const Damage& rest,
                                            EncodeResult& result) {
  if (!rest.empty()) RETURN_IF_ERROR(EncodeRest(request, rest, result));
  if (request.now < refine_at_ || request.keyframe) return absl::OkStatus();
  return Refine(request, result);
}

void AdaptiveEncoder::LoseAccessUnits() {
  for (Stream& stream : streams_) stream.began = false;
}

void AdaptiveEncoder::Skipped(const Damage& damage) {
  for (Stream& stream : streams_) {
    Damage part = damage;
    part.IntersectWith(stream.area);
    stream.unseen.Add(part);
  }
}

// What an update had no room for is no change when it comes again.
void AdaptiveEncoder::NoteChanges(const EncodeRequest& request) {
  if (request.changes.empty() && request.capture_time > noted_until_) {
    planner_.Changed(request.damage, request.capture_time);
  }
  noted_until_ = std::max(noted_until_, request.capture_time);
  for (const FrameChange& change : request.changes)
    planner_.Changed(change.damage, change.time);
}

uint32_t AdaptiveEncoder::FreeStreamId() const {
  uint32_t id = 1;
  while (std::any_of(streams_.begin(), streams_.end(),
                     [&](const Stream& one) { return one.stream_id == id; })) {
    ++id;
  }
  return id;
}

void AdaptiveEncoder::FollowPlan(const std::vector<MotionArea>& areas,
                                 Time now) {
  std::erase_if(streams_, [&](const Stream& stream) {
    return std::none_of(
        areas.begin(), areas.end(),
        [&](const MotionArea& area) { return area.id == stream.area_id; });
  });
  std::vector<uint32_t> failed;
  for (const MotionArea& area : areas) {
    const bool open = std::any_of(
        streams_.begin(), streams_.end(),
        [&](const Stream& stream) { return stream.area_id == area.id; });
    if (open) continue;
    Stream stream;
    stream.area_id = area.id;
    stream.stream_id = FreeStreamId();
    stream.area = area.rect;
    stream.probed_at = now;
    absl::StatusOr<std::unique_ptr<AreaStream>> encoder =
        open_(stream.stream_id, area.rect);
    if (!encoder.ok()) {
      LogProblem("video_not_opened", encoder.status());
      failed.push_back(area.id);
      continue;
    }
    stream.encoder = *std::move(encoder);
    video_description_ = stream.encoder->description();
    streams_.push_back(std::move(stream));
  }
  for (const uint32_t id : failed) planner_.GiveUp(id, now);
}

void AdaptiveEncoder::EncodeAreas(const EncodeRequest& request, Damage& rest,
                                  EncodeResult& result) {
  std::vector<uint32_t> failed;
  for (Stream& stream : streams_) {
    Damage damage = rest;
    damage.IntersectWith(stream.area);
    const bool keyframe = !stream.began || request.video_keyframes;
    // A picture that stands still soon costs nothing, but who waits for a
    // keyframe gets it.
    const bool finer =
        damage.empty() && IsCoarse(stream) && stream.refine_at <= request.now;
    if (damage.empty() && !keyframe && !finer) continue;
    stream.unseen.Add(damage);
    absl::StatusOr<Patch> patch = stream.encoder->Encode(
        request.picture, stream.unseen, keyframe, request.capture_time);
    if (!patch.ok()) {
      LogProblem("video_failed", patch.status());
      failed.push_back(stream.area_id);
      continue;
    }
    stream.began = true;
    stream.refined = stream.unseen.empty() ? stream.refined + 1 : 0;
    stream.refine_at =
        request.now + (stream.refined == 0 ? kStandsStill : kFinerPause);
    stream.unseen.Clear();
    Probe(request, damage, stream);
    inexact_.Add(stream.area);
    rest.Subtract(stream.area);
    result.done.Add(damage);
    result.patches.push_back(*std::move(patch));
  }
  for (const uint32_t id : failed) {
    planner_.GiveUp(id, request.now);
    std::erase_if(streams_,
                  [&](const Stream& one) { return one.area_id == id; });
  }
}

bool AdaptiveEncoder::IsCoarse(const Stream& stream) {
  return stream.began && stream.refined < kFinerTimes;
}

// Of what a viewer shows exactly: that patches could not use it now is no
// reason to stay video.
void AdaptiveEncoder::Probe(const EncodeRequest& request, const Damage& damage,
                            Stream& stream) {
  if (damage.empty() || request.now - stream.probed_at < kProbePause) return;
  stream.probed_at = request.now;
  const absl::StatusOr<EncodeResult> encoded =
      lossless_->Encode({.picture = request.picture,
                         .reference = request.reference,
                         .damage = damage,
                         .max_payload_bytes = kProbeBytes,
                         .capture_time = request.capture_time,
                         .now = request.now});
  if (!encoded.ok() || encoded->done.empty()) return;
  planner_.AreaWouldWeigh(
      stream.area_id,
      double(PayloadBytes(encoded->patches)) / double(encoded->done.AreaPx()));
}

absl::Status AdaptiveEncoder::EncodeRest(const EncodeRequest& request,
                                         const Damage& rest,
                                         EncodeResult& result) {
  const size_t used =
      std::min(request.max_payload_bytes, PayloadBytes(result.patches));
  const Damage taken = Destinations(result.patches);
  ASSIGN_OR_RETURN(EncodeResult encoded,
                   lossless_->Encode({.picture = request.picture,
                                      .reference = request.reference,
                                      .damage = rest,
                                      .keyframe = request.keyframe,
                                      .max_payload_bytes = std::max(
                                          kSharedRefineBytes,
                                          request.max_payload_bytes - used),
                                      .capture_time = request.capture_time,
                                      .unusable_reference = &inexact_,
                                      .taken = &taken,
                                      .hurry = request.hurry,
                                      .now = request.now}));
  for (Patch& patch : encoded.patches) {
    // Where video was, a patch weighs more than the next one will.
    if (!inexact_.Intersects(patch.rect)) {
      planner_.Weighed(patch.rect,
                       patch.payload == nullptr ? 0 : patch.payload->size());
    }
    result.patches.push_back(std::move(patch));
  }
  inexact_.Subtract(encoded.done);
  result.done.Add(encoded.done);
  return absl::OkStatus();
}

Damage AdaptiveEncoder::Unrefined() const {
  Damage unrefined = inexact_;
  for (const Stream& stream : streams_) unrefined.Subtract(stream.area);
  return unrefined;
}

absl::Status AdaptiveEncoder::Refine(const EncodeRequest& request,
                                     EncodeResult& result) {
  Damage waiting = Unrefined();
  // What was not encoded of the damage comes first, and with it is exact.
  Damage left = request.damage;
  left.Subtract(result.done);
  waiting.Subtract(left);
  const size_t used = PayloadBytes(result.patches);
  const size_t wanted =
      request.damage.empty() ? kRefineBytes : kSharedRefineBytes;
  if (used + wanted > request.max_payload_bytes) return absl::OkStatus();
  const Damage taken = Destinations(result.patches);
  waiting.Subtract(taken);
  if (waiting.empty()) return absl::OkStatus();
  const Damage worst = WorstOf(waiting, request.picture, kRefinePx);
  ASSIGN_OR_RETURN(EncodeResult encoded,
                   lossless_->Encode({.picture = request.picture,
                                      .reference = request.reference,
                                      .damage = worst,
                                      .max_payload_bytes = wanted,
                                      .capture_time = request.capture_time,
                                      .unusable_reference = &inexact_,
                                      .taken = &taken,
                                      .now = request.now}));
  inexact_.Subtract(encoded.done);
  for (Patch& patch : encoded.patches)
    result.patches.push_back(std::move(patch));
  refine_at_ = request.now + kRefinePause;
  return absl::OkStatus();
}

void AdaptiveEncoder::NoteWhen(const EncodeRequest& request,
                               EncodeResult& result) {
  if (!Unrefined().empty()) {
    result.again_at = std::max(refine_at_, request.now);
    return;
  }
  result.again_at = planner_.next_change();
  for (const Stream& stream : streams_) {
    if (IsCoarse(stream))
      result.again_at = std::min(stream.refine_at,
                                 result.again_at.value_or(stream.refine_at));
  }
}

}  // namespace oriel::encoder
