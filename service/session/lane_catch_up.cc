// Lane's catch-up: private intra patches of the reference for stale viewers,
// and stills where those come late.
#include <algorithm>
#include <utility>

#include "base/picture/picture.h"
#include "encoder/update.h"
#include "service/session/lane.h"
#include "service/session/still_choice.h"

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

bool Lane::MakesStills() const {
  return options_.encoding == encoder::Encoding::kAdaptive &&
         context_->encoders.stills != nullptr && !stills_failed_;
}

bool Lane::AnyAcknowledges() const {
  return std::any_of(viewers_.begin(), viewers_.end(), [](const auto& viewer) {
    return viewer->state_.acknowledges();
  });
}

bool Lane::BeginCatchUp(CatchUp& task) {
  if (ended_) return false;
  if (task.viewer == nullptr) {
    task.viewer = NextCatchUpViewer();
    if (task.viewer == nullptr) return false;
    ++next_catch_up_;
  } else if (task.viewer->gone_ ||
             !task.viewer->state_.WantsCatchUp(reference_sequence_)) {
    return false;  // while a sample was weighed
  }
  task.region = task.viewer->state_.region();
  task.reference = reference_;
  task.inexact = reference_inexact_;
  task.exact = reference_exact_;
  task.more_follows = reference_torn_;
  task.update.generation = generation_;
  task.update.sequence = reference_sequence_;
  task.update.capture_time = reference_time_;
  ChooseCatchUp(task);
  if (task.weigh) return true;
  task.ticket = task.viewer->state_.BeginCatchUp(task.part);
  task.entry = cache_.Find(task.part, task.still_bytes);
  return true;
}

void Lane::ChooseCatchUp(CatchUp& task) {
  const Tuning& tuning = context_->tuning;
  ViewerState& state = task.viewer->state_;
  task.weigh = false;
  if (MakesStills() && ChoosePreview(task)) return;
  task.part =
      FirstPart(state.waiting(), reference_.size(), tuning.catch_up_rows_px);
  task.max_bytes =
      state.CatchUpBytes(tuning.first_catch_up_bytes, tuning.catch_up_bytes);
  if (MakesStills() && !reference_inexact_.empty()) ChooseFilm(task);
}

// Stills of what the link is too slow for.
bool Lane::ChoosePreview(CatchUp& task) {
  LaneViewer& viewer = *task.viewer;
  const std::optional<double> rate = viewer.state_.link_bytes_per_s();
  if (!rate.has_value()) return false;
  const Damage unshown = StillPart(viewer.state_.Unshown(Clock::now()));
  const auto area_px = static_cast<double>(unshown.AreaPx());
  // Not even raw.
  if (StillBudget(area_px * kBytesPerPixel, *rate) == 0) return false;
  if (!task.weighed && viewer.weighed_sequence_ != reference_sequence_) {
    task.part = SampleOf(unshown);
    task.weigh = !task.part.empty();
    return task.weigh;
  }
  const size_t budget = StillBudget(area_px * viewer.bytes_per_px_, *rate);
  if (budget == 0) return false;
  task.still_bytes = std::min(budget, encoder::kMaxUpdatePayloadBytes);
  task.part = unshown;
  return true;
}

// Stills of what moves: in exact patches it weighs more than its video, and is
// of no use a moment later.
void Lane::ChooseFilm(CatchUp& task) {
  Damage film = task.region;
  film.IntersectWith(reference_inexact_);
  film = StillPart(film);
  Damage met = task.part;
  met.IntersectWith(film);
  if (met.empty()) return;
  task.part = film;
  const std::optional<double> rate = task.viewer->state_.link_bytes_per_s();
  task.still_bytes = std::clamp(
      rate.has_value() ? StillBudget(*rate) : context_->tuning.still_bytes,
      size_t{1}, encoder::kMaxUpdatePayloadBytes);
}

void Lane::Weigh(CatchUp& task) {
  const absl::StatusOr<encoder::EncodeResult> encoded =
      context_->encoders.intra(task.reference, task.part,
                               encoder::kMaxUpdatePayloadBytes);
  size_t bytes = 0;
  int64_t area_px = 0;
  if (encoded.ok()) {
    for (const encoder::Patch& patch : encoded->patches) {
      if (patch.payload != nullptr) bytes += patch.payload->size();
      area_px += patch.rect.AreaPx();
    }
  }
  task.weighed = true;
  MutexLock lock(mutex_);
  task.viewer->bytes_per_px_ =
      area_px == 0 ? 0 : double(bytes) / double(area_px);
  task.viewer->weighed_sequence_ = task.update.sequence;
}

absl::Status Lane::EncodeCatchUp(CatchUp& task) const {
  if (task.entry == nullptr) {
    encoder::EncodeResult result;
    // An empty part only moves a viewer to the reference's sequence.
    if (!task.part.empty()) {
      absl::StatusOr<encoder::EncodeResult> encoded =
          task.still_bytes != 0
              ? context_->encoders.stills(task.reference, task.part,
                                          task.still_bytes)
              : context_->encoders.intra(task.reference, task.part,
                                         task.max_bytes);
      if (!encoded.ok()) return encoded.status();
      result = *std::move(encoded);
      if (result.done.empty()) {
        return absl::InternalError("no patch was made");
      }
    }
    task.entry =
        std::make_shared<const encoder::EncodeResult>(std::move(result));
  }
  Damage rest = task.region;
  rest.Subtract(DoneBy(task));
  task.update.patches = task.entry->patches;
  task.update.more_follows = task.more_follows || !rest.empty();
  task.update.exact = task.exact && rest.empty();
  return absl::OkStatus();
}

Damage Lane::DoneBy(const CatchUp& task) {
  Damage done = task.entry->done;
  if (task.still_bytes != 0) done.IntersectWith(task.inexact);
  return done;
}

void Lane::CatchUpOne() {
  CatchUp task;
  do {
    if (task.weigh) Weigh(task);
    MutexLock lock(mutex_);
    if (!BeginCatchUp(task)) {
      catching_up_ = false;
      if (task.viewer != nullptr) Schedule();  // for the others
      return;
    }
  } while (task.weigh);
  const bool cached = task.entry != nullptr;
  const absl::Status status = EncodeCatchUp(task);
  WireMessagePtr message;
  if (status.ok()) message = context_->wire->Encode(task.update);
  MutexLock lock(mutex_);
  catching_up_ = false;
  if (ended_) return;
  EndCatchUp(task, cached, status, std::move(message));
  Schedule();
}

void Lane::EndCatchUp(const CatchUp& task, bool cached,
                      const absl::Status& status, WireMessagePtr message) {
  ViewerState& state = task.viewer->state_;
  if (!status.ok()) {
    state.EndCatchUp(task.ticket, task.part, {}, nullptr, reference_sequence_);
    NoteCatchUpFailure(task, status);
    return;
  }
  catch_up_failing_ = false;
  const Damage done = DoneBy(task);
  const OutgoingUpdate update = {
      .message = std::move(message),
      .sequence = task.update.sequence,
      .catch_up = true,
      .destinations = std::make_shared<const Damage>(done)};
  if (task.still_bytes != 0)
    state.NoteStill(task.ticket, task.entry->done, Clock::now());
  state.EndCatchUp(task.ticket, task.part, done, &update, reference_sequence_);
  // The cache holds parts of the reference as it is now.
  if (!cached && !task.part.empty() && generation_ == task.update.generation &&
      reference_sequence_ == task.update.sequence) {
    cache_.Store(task.part, task.entry, task.still_bytes);
  }
}

void Lane::NoteCatchUpFailure(const CatchUp& task, const absl::Status& status) {
  if (task.still_bytes != 0) {
    stills_failed_ = true;
    LogProblem("still_failed", status, "exact patches only");
    return;
  }
  catch_up_waits_ = true;
  if (std::exchange(catch_up_failing_, true)) return;
  LogProblem("catch_up_failed", status, "tried again with the next frame");
}

}  // namespace oriel::session
