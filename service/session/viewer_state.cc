#include "service/session/viewer_state.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "service/session/bounded_damage.h"

namespace oriel::session {

void ViewerState::Open(WireMessagePtr opened) {
  opened_ = std::move(opened);
  was_opened_ = true;
}

void ViewerState::StartGeneration(WireMessagePtr format,
                                  const Damage& everything, bool fresh) {
  format_ = std::move(format);
  has_format_ = true;
  Reset(everything, fresh);
}

void ViewerState::Resync(const Damage& everything, bool fresh) {
  if (has_format_) Reset(everything, fresh);
}

void ViewerState::Reset(const Damage& everything, bool fresh) {
  queue_.clear();
  queued_bytes_ = 0;
  // What the viewer threw away it will never acknowledge.
  unacknowledged_.clear();
  unacknowledged_bytes_ = 0;
  queued_sequence_ = 0;
  sent_sequence_ = 0;
  ++ticket_;
  catching_up_ = false;
  current_ = fresh && !paused_;
  region_ = current_ ? Damage() : everything;
  waiting_.Clear();
}

void ViewerState::AddToRegion(const Damage& stale) {
  AddBounded(region_, stale);
}

const Damage& ViewerState::waiting() {
  if (waiting_.empty()) waiting_ = region_;
  return waiting_;
}

void ViewerState::SetPaused(bool paused, uint64_t lane_sequence) {
  if (paused == paused_) return;
  paused_ = paused;
  if (!has_format_) return;
  if (paused) {
    DropQueue();
    heartbeat_.reset();
    current_ = false;
  } else {
    BecomeCurrentIfAt(lane_sequence);
  }
}

void ViewerState::Publish(const OutgoingUpdate& update) {
  if (!has_format_) return;
  if (paused_ || (!current_ && !update.restarts)) {
    AddToRegion(*update.destinations);
    return;
  }
  if (!QueueHasRoom(update.message->size_bytes())) {
    DropQueue();
    if (!update.restarts) {
      current_ = false;
      AddToRegion(*update.destinations);
      return;
    }
  }
  if (!current_) {  // a catch-up under way is overtaken
    ++ticket_;
    catching_up_ = false;
  }
  current_ = true;
  region_.Clear();
  waiting_.Clear();
  Push(update);
}

void ViewerState::Miss(const Damage& destinations) {
  if (!has_format_) return;
  current_ = false;
  AddToRegion(destinations);
}

bool ViewerState::TransportFree() const {
  return was_opened_ && has_format_ && !paused_ && !in_flight_ && !opened_ &&
         !format_ && queue_.empty() && !catching_up_;
}

bool ViewerState::WantsCatchUp(uint64_t lane_sequence) const {
  return !current_ && TransportFree() && WindowHasRoom(1) &&
         (!region_.empty() || queued_sequence_ != lane_sequence);
}

bool ViewerState::WantsKeyframe() const {
  return !current_ && TransportFree() && WindowHasRoom(1);
}

uint64_t ViewerState::BeginCatchUp(const Damage& part) {
  region_.Subtract(part);
  waiting_.Subtract(part);
  catching_up_ = true;
  return ticket_;
}

void ViewerState::EndCatchUp(uint64_t ticket, const Damage& part,
                             const Damage& done, const OutgoingUpdate* update,
                             uint64_t lane_sequence) {
  if (ticket != ticket_) return;
  catching_up_ = false;
  if (update == nullptr || paused_) {
    AddToRegion(part);
    return;
  }
  // Only what was not done: what the lane changed meanwhile is in the region
  // and stays there.
  Damage rest = part;
  rest.Subtract(done);
  AddToRegion(rest);
  waiting_.Add(rest);
  Push(*update);
  BecomeCurrentIfAt(lane_sequence);
}

void ViewerState::BecomeCurrentIfAt(uint64_t lane_sequence) {
  if (paused_ || catching_up_ || !region_.empty()) return;
  if (queued_sequence_ == lane_sequence) current_ = true;
}

bool ViewerState::QueueHasRoom(size_t size_bytes) const {
  return queue_.empty() || (queue_.size() < limits_.queued_messages &&
                            queued_bytes_ + size_bytes <= limits_.queued_bytes);
}

void ViewerState::Push(const OutgoingUpdate& update) {
  queued_bytes_ += update.message->size_bytes();
  queued_sequence_ = update.sequence;
  queue_.push_back(update);
}

void ViewerState::DropQueue() {
  for (const OutgoingUpdate& update : queue_) {
    AddToRegion(*update.destinations);
  }
  queue_.clear();
  queued_bytes_ = 0;
  queued_sequence_ = sent_sequence_;
}

bool ViewerState::WindowHasRoom(size_t size_bytes) const {
  if (!acknowledges_ || unacknowledged_.empty()) return true;
  return unacknowledged_.size() < limits_.window_messages &&
         unacknowledged_bytes_ + size_bytes <= limits_.window_bytes;
}

absl::Status ViewerState::Acknowledge(uint64_t sequence) {
  if (sequence > newest_sent_) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the viewer acknowledges update %d, but the newest sent to it is %d; "
        "acknowledge only what was applied",
        sequence, newest_sent_));
  }
  while (!unacknowledged_.empty() &&
         unacknowledged_.front().sequence <= sequence) {
    unacknowledged_bytes_ -= unacknowledged_.front().size_bytes;
    unacknowledged_.pop_front();
  }
  return absl::OkStatus();
}

bool ViewerState::WantsHeartbeat(Time idle_since) const {
  return was_opened_ && !paused_ && !in_flight_ && heartbeat_ == nullptr &&
         last_sent_ <= idle_since;
}

void ViewerState::SetCursor(WireMessagePtr cursor,
                            std::shared_ptr<const void> shape) {
  cursor_ = std::move(cursor);
  carried_shape_ = std::move(shape);
}

ViewerState::Kind ViewerState::NextKind() const {
  if (!was_opened_ || paused_ || in_flight_) return Kind::kNothing;
  if (opened_ != nullptr) return Kind::kOpened;
  if (format_ != nullptr) return Kind::kFormat;
  // Before updates: it is small, and hands follow it with the eye.
  if (has_format_ && cursor_ != nullptr) return Kind::kCursor;
  if (!queue_.empty() && WindowHasRoom(queue_.front().message->size_bytes())) {
    return Kind::kUpdate;
  }
  return heartbeat_ != nullptr ? Kind::kHeartbeat : Kind::kNothing;
}

WireMessagePtr ViewerState::Next(Time now) {
  const Kind kind = NextKind();
  if (kind == Kind::kNothing) return nullptr;
  in_flight_ = true;
  last_sent_ = now;
  // Any message proves what a heartbeat would.
  WireMessagePtr heartbeat = std::exchange(heartbeat_, nullptr);
  switch (kind) {
    case Kind::kNothing:
      return nullptr;
    case Kind::kOpened:
      return std::exchange(opened_, nullptr);
    case Kind::kFormat:
      return std::exchange(format_, nullptr);
    case Kind::kHeartbeat:
      return heartbeat;
    case Kind::kCursor:
      if (carried_shape_ != nullptr) cursor_shape_ = std::move(carried_shape_);
      return std::exchange(cursor_, nullptr);
    case Kind::kUpdate:
      break;
  }
  const OutgoingUpdate update = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= update.message->size_bytes();
  NoteSent(update);
  return update.message;
}

void ViewerState::NoteSent(const OutgoingUpdate& update) {
  sent_sequence_ = update.sequence;
  newest_sent_ = update.sequence;
  if (!acknowledges_) return;
  const size_t size_bytes = update.message->size_bytes();
  unacknowledged_bytes_ += size_bytes;
  // Catch-up bands of one state share its sequence.
  if (!unacknowledged_.empty() &&
      unacknowledged_.back().sequence == update.sequence) {
    unacknowledged_.back().size_bytes += size_bytes;
  } else {
    unacknowledged_.push_back({update.sequence, size_bytes});
  }
}

}  // namespace oriel::session
