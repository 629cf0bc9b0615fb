#include "encoder/moves/search_areas.h"

#include <algorithm>

namespace oriel::encoder {
namespace {

constexpr int32_t kCellPx = 64;
constexpr int kFreeFailures = 3;

}  // namespace

template <typename Visit>
void SearchAreas::ForEachCell(const Rect& rect, Visit visit) {
  if (rect.empty()) return;
  const int last_row = (rect.bottom_px() - 1) / kCellPx;
  const int last_column = (rect.right_px() - 1) / kCellPx;
  for (int row = rect.y_px / kCellPx; row <= last_row; ++row) {
    for (int column = rect.x_px / kCellPx; column <= last_column; ++column) {
      visit(cells_[size_t(row) * columns_ + column]);
    }
  }
}

const std::vector<Rect>& SearchAreas::Choose(Size picture,
                                             const std::vector<Rect>& changed) {
  if (picture_ != picture) {
    picture_ = picture;
    columns_ = (picture.width_px + kCellPx - 1) / kCellPx;
    rows_ = (picture.height_px + kCellPx - 1) / kCellPx;
    cells_.assign(size_t(columns_) * rows_, {});
  }
  areas_.clear();
  for (Cell& cell : cells_) cell.touched = false;
  Rect bounds;
  for (const Rect& rect : changed) {
    bounds = bounds.empty() ? rect : BoundsOf(bounds, rect);
    ForEachCell(rect, [](Cell& cell) { cell.touched = true; });
  }
  ForEachCell(bounds, [](Cell& cell) {
    cell.state = State::kUntouched;
    if (!cell.touched) return;
    if (cell.patience > 0) {
      --cell.patience;
    } else {
      cell.state = State::kSearched;
    }
  });
  AppendRuns(bounds);
  return areas_;
}

void SearchAreas::AppendRuns(const Rect& bounds) {
  for (int row = 0; row < rows_; ++row) {
    const Cell* const cells = cells_.data() + size_t(row) * columns_;
    for (int column = 0; column < columns_; ++column) {
      if (!cells[column].touched || cells[column].state != State::kSearched) {
        continue;
      }
      const int first = column;
      while (column + 1 < columns_ && cells[column + 1].touched &&
             cells[column + 1].state == State::kSearched) {
        ++column;
      }
      areas_.push_back(Intersection({first * kCellPx, row * kCellPx,
                                     (column + 1 - first) * kCellPx, kCellPx},
                                    bounds));
    }
  }
}

void SearchAreas::Found(const Rect& rect) {
  ForEachCell(rect, [](Cell& cell) {
    cell.failures = 0;
    cell.patience = 0;
    if (cell.touched) cell.state = State::kFound;
  });
}

void SearchAreas::Learn() {
  for (Cell& cell : cells_) {
    if (!cell.touched || cell.state != State::kSearched) continue;
    if (++cell.failures <= kFreeFailures) continue;
    cell.failures = std::min<int>(cell.failures, kFreeFailures + 3);
    cell.patience = (1 << (cell.failures - kFreeFailures)) - 1;
  }
}

}  // namespace oriel::encoder
