#include "encoder/moves/move_votes.h"

#include <algorithm>
#include <cstddef>

namespace oriel::encoder {
namespace {

constexpr size_t kSlots = 4096;
constexpr size_t kMaxCandidates = kSlots / 2;

size_t HashOf(Shift shift) {
  const uint32_t both = static_cast<uint32_t>(shift.dx_px) * 0x9E3779B1u ^
                        static_cast<uint32_t>(shift.dy_px) * 0x85EBCA77u;
  return (both ^ both >> 15) & (kSlots - 1);
}

void Include(Rect& bounds, Point at) {
  const int32_t right = std::max(bounds.right_px(), at.x_px + 1);
  const int32_t bottom = std::max(bounds.bottom_px(), at.y_px + 1);
  bounds.x_px = std::min(bounds.x_px, at.x_px);
  bounds.y_px = std::min(bounds.y_px, at.y_px);
  bounds.width_px = right - bounds.x_px;
  bounds.height_px = bottom - bounds.y_px;
}

// When there is no room, every second one goes, and from then on only half as
// many come.
void AddSample(Point at, Candidate& candidate) {
  uint32_t& count = candidate.sample_count;
  if (count == Candidate::kSamples) {
    for (count = 0; count < Candidate::kSamples / 2; ++count) {
      candidate.samples[count] = candidate.samples[2 * count];
    }
    candidate.votes_per_sample *= 2;
  }
  candidate.samples[count++] = at;
}

}  // namespace

void MoveVotes::Clear() {
  slots_.resize(kSlots);
  if (++round_ == 0) {
    std::fill(slots_.begin(), slots_.end(), Slot{});
    round_ = 1;
  }
  candidates_.clear();
}

Candidate* MoveVotes::CandidateOf(Shift shift) {
  for (size_t at = HashOf(shift);; at = (at + 1) & (kSlots - 1)) {
    Slot& slot = slots_[at];
    if (slot.round == round_) {
      Candidate& candidate = candidates_[slot.candidate];
      if (candidate.shift == shift) return &candidate;
      continue;
    }
    if (candidates_.size() == kMaxCandidates) return nullptr;
    slot = {round_, static_cast<uint32_t>(candidates_.size())};
    candidates_.push_back({.shift = shift});
    return &candidates_.back();
  }
}

void MoveVotes::Count(Point stands, Point stood) {
  Candidate* const candidate =
      CandidateOf({stood.x_px - stands.x_px, stood.y_px - stands.y_px});
  if (candidate == nullptr) return;
  const auto vote = static_cast<uint32_t>(candidate->votes++);
  if (vote == 0) candidate->bounds = {stands.x_px, stands.y_px, 1, 1};
  Include(candidate->bounds, stands);
  if (vote % candidate->votes_per_sample == 0) AddSample(stands, *candidate);
}

const std::vector<Candidate>& MoveVotes::Best(size_t max) {
  const size_t count = std::min(max, candidates_.size());
  // Ties must not depend on the library's sorting.
  std::partial_sort(
      candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(count),
      candidates_.end(), [](const Candidate& a, const Candidate& b) {
        if (a.votes != b.votes) return a.votes > b.votes;
        if (a.shift.dy_px != b.shift.dy_px) {
          return a.shift.dy_px < b.shift.dy_px;
        }
        return a.shift.dx_px < b.shift.dx_px;
      });
  candidates_.resize(count);
  return candidates_;
}

}  // namespace oriel::encoder
