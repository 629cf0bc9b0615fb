#pragma once

#include <cstdint>
#include <vector>

#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"
#include "encoder/moves/move.h"

namespace oriel::encoder {

// Cuts exact copies out of what changed: compares cells of a grid with where
// they may have stood, takes the largest rectangles of equal ones, and moves
// their sides out to the last pixel that is equal. Thread-compatible.
class EqualCells {
 public:
  // Everything given outlives the search. `barred`: no source may touch it.
  void Start(const BandedPicture& picture, const BandedPicture& reference,
             const std::vector<Rect>& changed, const std::vector<Rect>& barred);

  // Appends what changed around `area` and stood at `source`; disjoint with
  // what was found before, which `moves` holds. A copy of fewer than
  // kMinSparedPx changed pixels is none.
  void Take(const Shift& source, const Rect& area, std::vector<Move>& moves);

  static constexpr int32_t kMinSparedPx = 2048;

 private:
  // Of cells: columns and rows instead of px.
  struct Span {
    int left = 0;
    int top = 0;
    int right = 0;
    int bottom = 0;
  };

  Rect CellRect(int column, int row) const;
  Span CellsOf(const Rect& rect) const;  // that it touches
  Span WholeCellsOf(const Rect& rect) const;
  void Weigh(const std::vector<Rect>& changed);
  int32_t WeightOf(const Span& span) const;
  int32_t UntakenWeightOf(const Span& span) const;
  void MarkEqual(const Shift& source, const Span& span);
  void MarkEqualInRow(const Shift& source, const Span& span, int row);
  void Bar(const Shift& source);
  void SetCells(const Rect& rect, std::vector<uint8_t>& cells, uint8_t value);
  // The one with the most changed pixels; weight 0: none.
  Span Heaviest(const Span& within, int32_t& weight);

  const BandedPicture* picture_ = nullptr;
  const BandedPicture* reference_ = nullptr;
  const std::vector<Rect>* barred_ = nullptr;
  Rect bounds_;  // of what changed
  int columns_ = 0;
  int rows_ = 0;
  // At each corner of cells: changed pixels to the left of it and above.
  std::vector<int32_t> sums_;
  std::vector<uint8_t> equal_;
  std::vector<uint8_t> taken_;
  std::vector<Rect> obstacles_;
  std::vector<int> heights_;
  std::vector<int> stack_;
};

}  // namespace oriel::encoder
