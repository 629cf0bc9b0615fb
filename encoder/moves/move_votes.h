#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/picture/rect.h"
#include "encoder/moves/move.h"

namespace oriel::encoder {

// What speaks for one shift.
struct Candidate {
  static constexpr size_t kSamples = 8;

  Shift shift;
  int32_t votes = 0;
  // Of the places that voted.
  Rect bounds;
  // Some of them, from first to last: sample_count are set.
  std::array<Point, kSamples> samples;
  uint32_t sample_count = 0;
  uint32_t votes_per_sample = 1;
};

// Counts by how far anchors moved. Bounded: when it is full, shifts that are
// new are not counted. Thread-compatible.
class MoveVotes {
 public:
  void Clear();
  void Count(Point stands, Point stood);
  // The `max` shifts with the most votes, best first; valid until Clear.
  const std::vector<Candidate>& Best(size_t max);

 private:
  struct Slot {
    uint32_t round = 0;
    uint32_t candidate = 0;
  };

  Candidate* CandidateOf(Shift shift);

  std::vector<Slot> slots_;
  uint32_t round_ = 0;
  std::vector<Candidate> candidates_;
};

}  // namespace oriel::encoder
