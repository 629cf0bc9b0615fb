#include "capture/borrow/heartbeat.h"

#include <algorithm>

namespace oriel::capture {

void Heartbeat::Begin(Time now) {
  has_answered_ = awaited_ = false;
  silent_since_.reset();
  due_ = now;
}

std::optional<Ping> Heartbeat::Due(Time now) {
  if (awaited_ || now < due_) return std::nullopt;
  awaited_ = true;
  if (!silent_since_.has_value()) silent_since_ = now;
  return Ping{++last_serial_};
}

void Heartbeat::NotSent(Time now) {
  awaited_ = false;
  due_ = now + kBorrowPingPause;
}

void Heartbeat::Receive(const Pong& pong, Time now) {
  if (!awaited_ || pong.serial != last_serial_) return;
  awaited_ = false;
  has_answered_ = true;
  silent_since_.reset();
  due_ = now + kBorrowPingPause;
}

bool Heartbeat::IsSilent(Time now) const {
  return has_answered_ && silent_since_.has_value() &&
         now - *silent_since_ >= kBorrowSilence;
}

Time Heartbeat::due() const {
  const Time due = awaited_ ? Time::max() : due_;
  if (!has_answered_ || !silent_since_.has_value()) return due;
  return std::min(due, *silent_since_ + kBorrowSilence);
}

}  // namespace oriel::capture
