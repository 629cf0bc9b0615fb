#pragma once

#include "base/clock.h"

namespace oriel::capture {

// For how long a process's devices are not lent again after it closed one that
// was: what is lent is busy for a moment when its VMM closes it and opens it
// again, so what comes and goes is lent less and less often. Thread-compatible.
class LoanPause {
 public:
  // The process closed a device that was lent since then.
  void Closed(Time lent_since, Time now);

  // Until then nothing is copied.
  Time end() const { return end_; }
  // Without a loan meanwhile, the next pause would be as the first.
  bool IsForgotten(Time now) const;

 private:
  Duration length_{};
  Time end_ = Time::min();
};

}  // namespace oriel::capture
