#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/picture/rect.h"

namespace oriel::encoder {

// Covers changed rectangles with fewer, larger ones, because each patch has a
// header of its own and starts compressing from nothing, while unchanged
// pixels between them cost little. O(n log n) for usual damage, and bounded:
// beyond some hundreds of rectangles all those of 32 rows become one.
// Thread-compatible; keeps its memory.
class Coalescer {
 public:
  // `rects` are disjoint; so is the result, which covers them and meets none
  // of `taken`, which `rects` do not meet. Valid until the next call.
  const std::vector<Rect>& Coalesce(const std::vector<Rect>& rects,
                                    const std::vector<Rect>& taken = {});

 private:
  // Consecutive rectangles that one straight line after the other cuts apart.
  struct Group {
    size_t first = 0;
    size_t end = 0;
    Rect bounds;
    int64_t changed_px = 0;
  };
  struct Cut {
    bool by_column = false;
    size_t at = 0;          // the second part's first; 0: no line is free
    int64_t area_px = 0;    // of both parts, less the nearer to the middle
    int64_t strips_px = 0;  // of all parts that free lines leave
  };

  struct TakenRange {
    size_t first = 0;
    size_t end = 0;
  };

  // In each band of 32 rows, joins neighbours with at most free_px unchanged
  // pixels between them.
  void JoinInBands(int64_t free_px, const std::vector<Rect>& taken);
  size_t JoinOneRun(size_t first, int64_t free_px,
                    const std::vector<Rect>& taken);
  Group GroupOf(size_t first, size_t end) const;
  void Sort(const Group& group, bool by_column);
  void FindCut(const Group& group, bool by_column, Cut& best);
  // Appends the cheapest cover of the group to cover_ and returns its cost.
  int64_t CoverGroup(const Group& group, TakenRange taken, int depth);

  std::vector<Rect> rects_;
  std::vector<Rect> pieces_;
  std::vector<Rect> taken_;  // a stack of what each group under way may meet
  std::vector<int64_t> area_after_;
  std::vector<Rect> cover_;
};

}  // namespace oriel::encoder
