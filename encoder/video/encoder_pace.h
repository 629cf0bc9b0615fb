#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace oriel::encoder {

// Which of several encoders of a codec to go on with, from the time that
// pictures take: one that is too slow gives way to the next, and the quickest
// stays where all are. Thread-compatible.
class EncoderPace {
 public:
  explicit EncoderPace(size_t choice_count);

  // The choice for the next picture, after `choice` took so long for one.
  size_t Next(size_t choice, Duration took);
  // It does not work.
  void Drop(size_t choice) { choices_[choice].dropped = true; }
  // For a picture, as last measured; empty: not yet.
  std::optional<Duration> mean(size_t choice) const {
    return choices_[choice].mean;
  }

 private:
  struct Choice {
    bool dropped = false;
    int pictures = 0;  // since the mean was last told
    Duration total{};
    std::optional<Duration> mean;
  };

  std::vector<Choice> choices_;
  // Each costs viewers a keyframe.
  size_t changes_left_;
};

}  // namespace oriel::encoder
