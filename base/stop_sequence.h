#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"

namespace oriel {

// What the signals that ask a process to end mean together. One wish often
// comes twice: timeout(1) signals its child and the child's group, a closed
// terminal signals by itself and through the shell. Thread-compatible.
class StopSequence {
 public:
  enum class Meaning {
    kStop,    // end in order
    kRepeat,  // the same wish again
    kEndNow,  // somebody does not want to wait any longer
  };

  // Longer than a repeat needs on a busy machine, shorter than a person waits.
  static constexpr Duration kRepeatWindow = std::chrono::seconds(1);

  Meaning OnSignal(Time now) {
    if (!first_.has_value()) {
      first_ = now;
      return Meaning::kStop;
    }
    return now - *first_ < kRepeatWindow ? Meaning::kRepeat : Meaning::kEndNow;
  }

 private:
  std::optional<Time> first_;
};

}  // namespace oriel
