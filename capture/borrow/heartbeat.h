#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "capture/borrow/messages.h"

namespace oriel::capture {

// Whether orield answers: one ping at a time, and the next one a while after
// the answer. Thread-compatible.
class Heartbeat {
 public:
  // A new connection.
  void Begin(Time now);
  // To be sent now; empty: none is due.
  std::optional<Ping> Due(Time now);
  // It could not be sent, and is to be tried again.
  void NotSent(Time now);
  void Receive(const Pong& pong, Time now);

  // On this connection, once at least.
  bool has_answered() const { return has_answered_; }
  // It answered before, and has not for too long.
  bool IsSilent(Time now) const;
  // When one of these changes without an answer.
  Time due() const;

 private:
  uint64_t last_serial_ = 0;
  bool has_answered_ = false;
  bool awaited_ = false;  // an answer to a ping that was sent
  std::optional<Time> silent_since_;
  Time due_{};  // the next ping, unless an answer is awaited
};

}  // namespace oriel::capture
