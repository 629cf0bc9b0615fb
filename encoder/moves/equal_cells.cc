#include "encoder/moves/equal_cells.h"

#include <algorithm>
#include <cstring>

#include "encoder/moves/grow.h"

namespace oriel::encoder {
namespace {

constexpr int32_t kCellPx = 16;
constexpr size_t kMaxMoves = 64;

}  // namespace

void EqualCells::Start(const BandedPicture& picture,
                       const BandedPicture& reference,
                       const std::vector<Rect>& changed,
                       const std::vector<Rect>& barred) {
  picture_ = &picture;
  reference_ = &reference;
  barred_ = &barred;
  bounds_ = {};
  for (const Rect& rect : changed) bounds_ = BoundsOf(bounds_, rect);
  columns_ = (bounds_.width_px + kCellPx - 1) / kCellPx;
  rows_ = (bounds_.height_px + kCellPx - 1) / kCellPx;
  const size_t cells = size_t(columns_) * rows_;
  equal_.assign(cells, 0);
  taken_.assign(cells, 0);
  Weigh(changed);
}

Rect EqualCells::CellRect(int column, int row) const {
  return Intersection({bounds_.x_px + column * kCellPx,
                       bounds_.y_px + row * kCellPx, kCellPx, kCellPx},
                      bounds_);
}

EqualCells::Span EqualCells::CellsOf(const Rect& rect) const {
  const Rect inside = Intersection(rect, bounds_);
  if (inside.empty()) return {};
  return {(inside.x_px - bounds_.x_px) / kCellPx,
          (inside.y_px - bounds_.y_px) / kCellPx,
          (inside.right_px() - bounds_.x_px - 1) / kCellPx + 1,
          (inside.bottom_px() - bounds_.y_px - 1) / kCellPx + 1};
}

EqualCells::Span EqualCells::WholeCellsOf(const Rect& rect) const {
  const Rect inside = Intersection(rect, bounds_);
  if (inside.empty()) return {};
  Span span = CellsOf(inside);
  span.left = (inside.x_px - bounds_.x_px + kCellPx - 1) / kCellPx;
  span.top = (inside.y_px - bounds_.y_px + kCellPx - 1) / kCellPx;
  // The cells at the ends of the bounds may be smaller than the others.
  if (inside.right_px() < bounds_.right_px()) {
    span.right = (inside.right_px() - bounds_.x_px) / kCellPx;
  }
  if (inside.bottom_px() < bounds_.bottom_px()) {
    span.bottom = (inside.bottom_px() - bounds_.y_px) / kCellPx;
  }
  return span.left < span.right && span.top < span.bottom ? span : Span{};
}

void EqualCells::Weigh(const std::vector<Rect>& changed) {
  const int stride = columns_ + 1;
  sums_.assign(size_t(stride) * (rows_ + 1), 0);
  for (const Rect& rect : changed) {
    const Span span = CellsOf(rect);
    for (int row = span.top; row < span.bottom; ++row) {
      for (int column = span.left; column < span.right; ++column) {
        sums_[size_t(row + 1) * stride + column + 1] += static_cast<int32_t>(
            Intersection(rect, CellRect(column, row)).AreaPx());
      }
    }
  }
  for (int row = 1; row <= rows_; ++row) {
    int32_t* const sums = sums_.data() + size_t(row) * stride;
    int32_t in_row = 0;
    for (int column = 1; column <= columns_; ++column) {
      in_row += sums[column];
      sums[column] = in_row + sums[column - stride];
    }
  }
}

int32_t EqualCells::WeightOf(const Span& span) const {
  const auto sum = [this](int column, int row) {
    return sums_[size_t(row) * (columns_ + 1) + column];
  };
  return sum(span.right, span.bottom) - sum(span.left, span.bottom) -
         sum(span.right, span.top) + sum(span.left, span.top);
}

int32_t EqualCells::UntakenWeightOf(const Span& span) const {
  int32_t weight = WeightOf(span);
  for (int row = span.top; row < span.bottom; ++row) {
    for (int column = span.left; column < span.right; ++column) {
      if (taken_[size_t(row) * columns_ + column]) {
        weight -= WeightOf({column, row, column + 1, row + 1});
      }
    }
  }
  return weight;
}

void EqualCells::Take(const Shift& source, const Rect& area,
                      std::vector<Move>& moves) {
  const Rect limits = Intersection(
      bounds_,
      Shifted(Rect::Of(picture_->size()), {-source.dx_px, -source.dy_px}));
  const Span span = WholeCellsOf(Intersection(area, limits));
  if (UntakenWeightOf(span) < kMinSparedPx) return;
  MarkEqual(source, span);
  obstacles_.clear();
  for (const Move& move : moves) obstacles_.push_back(move.rect);
  Bar(source);
  while (moves.size() < kMaxMoves) {
    int32_t weight = 0;
    const Span best = Heaviest(span, weight);
    if (weight < kMinSparedPx) return;
    const Rect rect = BoundsOf(CellRect(best.left, best.top),
                               CellRect(best.right - 1, best.bottom - 1));
    const Move move =
        Grown(*picture_, *reference_, {rect, source}, limits, obstacles_);
    SetCells(move.rect, equal_, 0);
    SetCells(move.rect, taken_, 1);
    obstacles_.push_back(move.rect);
    moves.push_back(move);
  }
}

void EqualCells::MarkEqual(const Shift& source, const Span& span) {
  for (int row = span.top; row < span.bottom; ++row) {
    uint8_t* const equal = equal_.data() + size_t(row) * columns_;
    const uint8_t* const taken = taken_.data() + size_t(row) * columns_;
    for (int column = span.left; column < span.right; ++column) {
      equal[column] = !taken[column];
    }
    MarkEqualInRow(source, span, row);
  }
}

void EqualCells::MarkEqualInRow(const Shift& source, const Span& span,
                                int row) {
  uint8_t* const equal = equal_.data() + size_t(row) * columns_;
  const Rect cells = CellRect(span.left, row);
  for (int32_t y = cells.y_px; y < cells.bottom_px(); ++y) {
    const uint8_t* const here = picture_->Row(y);
    const uint8_t* const there = reference_->Row(y + source.dy_px);
    const auto same = [&](int first, int end) {
      const int32_t x = bounds_.x_px + first * kCellPx;
      const int32_t right =
          std::min(bounds_.x_px + end * kCellPx, bounds_.right_px());
      return std::memcmp(here + size_t(x) * kBytesPerPixel,
                         there + size_t(x + source.dx_px) * kBytesPerPixel,
                         size_t(right - x) * kBytesPerPixel) == 0;
    };
    int column = span.left;
    while (column < span.right) {
      if (!equal[column]) {
        ++column;
        continue;
      }
      int end = column + 1;
      while (end < span.right && equal[end]) ++end;
      if (!same(column, end)) {
        for (int i = column; i < end; ++i) equal[i] = same(i, i + 1);
      }
      column = end;
    }
  }
}

void EqualCells::Bar(const Shift& source) {
  for (const Rect& barred : *barred_) {
    const Rect rect = Shifted(barred, {-source.dx_px, -source.dy_px});
    if (Intersection(rect, bounds_).empty()) continue;
    SetCells(rect, equal_, 0);
    obstacles_.push_back(rect);
  }
}

void EqualCells::SetCells(const Rect& rect, std::vector<uint8_t>& cells,
                          uint8_t value) {
  const Span span = CellsOf(rect);
  for (int row = span.top; row < span.bottom; ++row) {
    uint8_t* const first = cells.data() + size_t(row) * columns_;
    std::fill(first + span.left, first + span.right, value);
  }
}

// The classic stack of rising heights: every largest rectangle of equal cells
// ends where its lowest column ends.
EqualCells::Span EqualCells::Heaviest(const Span& within, int32_t& weight) {
  Span best;
  weight = 0;
  heights_.assign(size_t(within.right - within.left) + 1, 0);
  for (int row = within.top; row < within.bottom; ++row) {
    const uint8_t* const equal = equal_.data() + size_t(row) * columns_;
    stack_.clear();
    const int columns = within.right - within.left;
    for (int column = 0; column <= columns; ++column) {
      int& height = heights_[column];
      height = column < columns && equal[within.left + column] ? height + 1 : 0;
      while (!stack_.empty() && heights_[stack_.back()] >= height) {
        const int lowest = heights_[stack_.back()];
        stack_.pop_back();
        const int left = stack_.empty() ? 0 : stack_.back() + 1;
        const Span span = {within.left + left, row + 1 - lowest,
                           within.left + column, row + 1};
        const int32_t spared = lowest == 0 ? 0 : WeightOf(span);
        if (spared <= weight) continue;
        weight = spared;
        best = span;
      }
      stack_.push_back(column);
    }
  }
  return best;
}

}  // namespace oriel::encoder
