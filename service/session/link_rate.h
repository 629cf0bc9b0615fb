#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.h"

namespace oriel::session {

// How fast one viewer's link is, by the gaps between its acknowledgements of
// catch-up messages. A gap counts only if messages queued when it began:
// then neither the round trip is in it, nor the time that a message takes to
// make, nor the habit of a viewer that acknowledges late. Thread-compatible.
class LinkRate {
 public:
  // Of one update. `catch_up`: sent as fast as the link and the encoder allow.
  void Sent(size_t size_bytes, bool catch_up);
  // False: more than were sent. `count`: of all that ever came.
  bool Received(uint64_t count, Time now);
  // Whoever threw away what is under way may never say so.
  void Forget();

  // Of catch-up messages.
  size_t under_way_bytes() const { return under_way_bytes_; }
  // Since Forget.
  size_t received_bytes() const { return received_bytes_; }
  // Empty: not known.
  std::optional<double> bytes_per_s() const;

 private:
  struct Message {
    uint64_t number;
    size_t size_bytes;
    bool catch_up;
  };

  std::deque<Message> under_way_;
  uint64_t sent_count_ = 0;
  size_t under_way_bytes_ = 0;
  size_t received_bytes_ = 0;
  // When the last acknowledgement came, if the link was busy from then on.
  std::optional<Time> busy_since_;
  std::deque<double> samples_;  // the newest last
};

}  // namespace oriel::session
