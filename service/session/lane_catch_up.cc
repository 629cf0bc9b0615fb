// Lane's catch-up: private intra patches of the reference for stale viewers.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "service/session/lane.h"

namespace oriel::session {
namespace {

// All of a small region, else what of it lies in its first strip: strips are
// the same for all viewers, which lets them share.
Damage FirstPart(const Damage& region, Size size, int32_t strip_rows_px) {
  if (region.AreaPx() <= int64_t{size.width_px} * strip_rows_px) return region;
  const int32_t strip = region.Bounds().y_px / strip_rows_px;
  Damage part = region;
  part.IntersectWith(
      Rect{0, strip * strip_rows_px, size.width_px, strip_rows_px});
  return part;
}

}  // namespace

std::shared_ptr<LaneViewer> Lane::NextCatchUpViewer() const {
  if (join_by_ != encoder::JoinBy::kCatchUp || fresh() || catch_up_waits_) {
    return nullptr;
  }
  for (size_t i = 0; i < viewers_.size(); ++i) {
    const auto& viewer = viewers_[(next_catch_up_ + i) % viewers_.size()];
    if (viewer->state_.WantsCatchUp(reference_sequence_)) return viewer;
  }
  return nullptr;
}

bool Lane::BeginCatchUp(CatchUp& task) {
  if (ended_) return false;
  task.viewer = NextCatchUpViewer();
  if (task.viewer == nullptr) return false;
  ++next_catch_up_;
  ViewerState& state = task.viewer->state_;
  task.region = state.region();
  task.part = FirstPart(state.waiting(), reference_.size(),
                        context_->tuning.catch_up_rows_px);
  task.ticket = state.BeginCatchUp(task.part);
  task.entry = cache_.Find(task.part);
  task.reference = reference_;
  task.exact = reference_exact_;
  task.more_follows = reference_torn_;
  task.update.generation = generation_;
  task.update.sequence = reference_sequence_;
  task.update.capture_time = reference_time_;
  return true;
}

absl::Status Lane::EncodeCatchUp(CatchUp& task) const {
  if (task.entry == nullptr) {
    encoder::EncodeResult result;
    // An empty part only moves a viewer to the reference's sequence.
    if (!task.part.empty()) {
      absl::StatusOr<encoder::EncodeResult> encoded = context_->encoders.intra(
          task.reference, task.part, context_->tuning.catch_up_bytes);
      if (!encoded.ok()) return encoded.status();
      result = *std::move(encoded);
      if (result.done.empty()) {
        return absl::InternalError("no intra patch was made");
      }
    }
    task.entry =
        std::make_shared<const encoder::EncodeResult>(std::move(result));
  }
  Damage rest = task.region;
  rest.Subtract(task.entry->done);
  task.update.patches = task.entry->patches;
  task.update.more_follows = task.more_follows || !rest.empty();
  task.update.exact = task.exact && rest.empty();
  return absl::OkStatus();
}

void Lane::CatchUpOne() {
  CatchUp task;
  {
    MutexLock lock(mutex_);
    if (!BeginCatchUp(task)) {
      catching_up_ = false;
      return;
    }
  }
  const bool cached = task.entry != nullptr;
  const absl::Status status = EncodeCatchUp(task);
  OutgoingUpdate update;
  if (status.ok()) {
    update.message = context_->wire->Encode(task.update);
    update.sequence = task.update.sequence;
    update.destinations = std::make_shared<const Damage>(task.entry->done);
  }
  MutexLock lock(mutex_);
  catching_up_ = false;
  if (ended_) return;
  if (status.ok()) {
    catch_up_failing_ = false;
    task.viewer->state_.EndCatchUp(task.ticket, task.part, task.entry->done,
                                   &update, reference_sequence_);
    // The cache holds parts of the reference as it is now.
    if (!cached && !task.part.empty() &&
        generation_ == task.update.generation &&
        reference_sequence_ == task.update.sequence) {
      cache_.Store(task.part, task.entry);
    }
  } else {
    task.viewer->state_.EndCatchUp(task.ticket, task.part, {}, nullptr,
                                   reference_sequence_);
    catch_up_waits_ = true;
    if (!std::exchange(catch_up_failing_, true)) {
      spdlog::error(
          "event=catch_up_failed display={} reason={} "
          "next=\"tried again with the next frame\"",
          options_.display, LogText(std::string(status.message())));
    }
  }
  Schedule();
}

}  // namespace oriel::session
