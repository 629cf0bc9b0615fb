#pragma once

#include <vector>

#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"
#include "encoder/moves/anchors.h"
#include "encoder/moves/equal_cells.h"
#include "encoder/moves/move.h"
#include "encoder/moves/move_votes.h"
#include "encoder/moves/search_areas.h"

namespace oriel::encoder {

// Finds what was scrolled or dragged, in any direction, several moves at once.
// Places that can be found again are looked up in the reference, where they
// stood is voted on, and what won is compared pixel by pixel, so every move is
// exact. Work is bounded by what changed. Thread-compatible.
class MoveFinder {
 public:
  // `changed`: where the pictures differ, disjoint. No source touches a
  // rectangle of `barred`. The moves' rectangles are disjoint, they and their
  // sources are inside the picture. Valid until the next call.
  const std::vector<Move>& Find(const BandedPicture& picture,
                                const BandedPicture& reference,
                                const std::vector<Rect>& changed,
                                const std::vector<Rect>& barred);
  // The same where what was found last goes on, as a scroll does; costs one
  // comparison. `damage`: where the pictures may differ. None where that leaves
  // more than a new line of text unexplained.
  const std::vector<Move>& FindAgain(const BandedPicture& picture,
                                     const BandedPicture& reference,
                                     const std::vector<Rect>& damage,
                                     const std::vector<Rect>& barred);

 private:
  void Search(const BandedPicture& picture, const BandedPicture& reference,
              const std::vector<Rect>& areas);
  // Keeps the shift that moved most for the next updates.
  void Remember();
  void IndexReference(const BandedPicture& reference,
                      const std::vector<Rect>& areas);
  // In those units of the areas that are wanted, by column and row.
  template <typename Wanted>
  void Vote(const BandedPicture& picture, const std::vector<Rect>& areas,
            Wanted wanted);
  void TakeBest(const BandedPicture& picture, const BandedPicture& reference);
  void CountUnit(const BandedPicture& picture, const Rect& unit);
  bool IsLikely(const BandedPicture& picture, const BandedPicture& reference,
                const Candidate& candidate) const;
  bool IsTaken(Point at) const;

  SearchAreas areas_;
  AnchorScanner scanner_;
  std::vector<Anchor> anchors_;
  AnchorIndex index_;
  MoveVotes votes_;
  EqualCells cells_;
  std::vector<Move> moves_;
  std::vector<Shift> recent_;  // newest first
  int32_t phase_ = 0;
  int64_t left_px_ = 0;  // that may still be compared
};

}  // namespace oriel::encoder
