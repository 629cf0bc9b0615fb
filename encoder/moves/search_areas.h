#pragma once

#include <cstdint>
#include <vector>

#include "base/picture/rect.h"

namespace oriel::encoder {

// Where to look for moves, and where it was in vain so often that only a few
// updates are looked at: a film's area costs little, and a scroll that begins
// there is found within kMaxPatience updates. Thread-compatible.
class SearchAreas {
 public:
  static constexpr int kMaxPatience = 7;

  // The parts of the picture, at most a cell (64 px) high, that hold what is
  // worth searching of `changed`; valid until the next call.
  const std::vector<Rect>& Choose(Size picture,
                                  const std::vector<Rect>& changed);
  // After a search in what Choose returned: where something was found.
  void Found(const Rect& rect);
  // Ends the search: the rest was in vain.
  void Learn();

 private:
  enum class State : uint8_t { kUntouched, kSearched, kFound };
  struct Cell {
    State state = State::kUntouched;
    uint8_t failures = 0;
    uint8_t patience = 0;  // updates that are not to be looked at
    bool touched = false;
  };

  template <typename Visit>
  void ForEachCell(const Rect& rect, Visit visit);
  void AppendRuns(const Rect& bounds);

  Size picture_;
  int columns_ = 0;
  int rows_ = 0;
  std::vector<Cell> cells_;
  std::vector<Rect> areas_;
};

}  // namespace oriel::encoder
