#include "service/session/viewer_state.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_format.h"
#include "service/session/bounded_damage.h"

namespace oriel::session {
namespace {

constexpr size_t kMinUnderWayBytes = 256 * 1024;
constexpr double kMaxUnderWayS = 0.5;
// After that a link that is still not known is faster than patches are made.
constexpr size_t kMeasuredBytes = 256 * 1024;
// Of the link, for one message.
constexpr double kMessageS = 0.01;
// Where everything changes all the time, stills leave most of the link to what
// makes the picture exact.
constexpr Duration kStillPause = std::chrono::seconds(2);

}  // namespace

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
  link_.Forget();
  queued_sequence_ = 0;
  sent_sequence_ = 0;
  ++ticket_;
  catching_up_ = false;
  current_ = fresh && !paused_;
  region_ = current_ ? Damage() : everything;
  waiting_.Clear();
  shown_.Clear();
  last_still_.reset();
}

void ViewerState::AddToRegion(const Damage& stale) {
  AddBounded(region_, stale);
  shown_.Subtract(stale);
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
  return !current_ && TransportFree() && WindowHasRoom(1) && LinkHasRoom() &&
         (!region_.empty() || queued_sequence_ != lane_sequence);
}

// Not more than the link takes in a while: what changes waits behind it.
bool ViewerState::LinkHasRoom() const {
  if (!acknowledges_ || !counts_) return true;
  size_t room = limits_.first_bytes + link_.received_bytes();
  if (const std::optional<double> rate = link_.bytes_per_s()) {
    room = std::max(kMinUnderWayBytes,
                    static_cast<size_t>(std::min(
                        *rate * kMaxUnderWayS, double(limits_.window_bytes))));
  }
  return link_.under_way_bytes() < room;
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
  AddBounded(region_, rest);
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

absl::Status ViewerState::Acknowledge(uint64_t sequence,
                                      uint64_t received_count, Time now) {
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
  counts_ = received_count != 0;
  if (!link_.Received(received_count, now)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the viewer says that %d updates have come, which is more than were "
        "sent to it; count each that came on this stream once",
        received_count));
  }
  return absl::OkStatus();
}

std::optional<double> ViewerState::link_bytes_per_s() const {
  if (!acknowledges_ || !counts_) return std::nullopt;
  return link_.bytes_per_s();
}

size_t ViewerState::CatchUpBytes(size_t first_bytes, size_t usual_bytes) const {
  if (!acknowledges_ || !counts_) return usual_bytes;
  const std::optional<double> rate = link_.bytes_per_s();
  if (!rate.has_value()) {
    return link_.received_bytes() < kMeasuredBytes ? first_bytes : usual_bytes;
  }
  return std::clamp(static_cast<size_t>(std::min(*rate * kMessageS, 1e9)),
                    usual_bytes, 4 * usual_bytes);
}

Damage ViewerState::Unshown(Time now) const {
  if (last_still_.has_value() && now - *last_still_ < kStillPause) return {};
  Damage unshown = region_;
  unshown.Subtract(shown_);
  return unshown;
}

void ViewerState::NoteStill(uint64_t ticket, const Damage& shown, Time now) {
  if (ticket != ticket_) return;
  last_still_ = now;
  AddBounded(shown_, shown);
  shown_.Subtract(region_);  // it changed again meanwhile
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
  if (encoder_ != nullptr) return Kind::kEncoder;
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
    case Kind::kEncoder:
      return std::exchange(encoder_, nullptr);
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
  link_.Sent(size_bytes, update.catch_up);
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
