#include "encoder/lossless/coalesce.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace oriel::encoder {
namespace {

// What a patch costs beside its pixels: some 60 bytes of header, a compressor
// that begins with nothing, and a viewer that does too.
constexpr int64_t kPatchPx = 1536;
// Unchanged pixels compress better and faster than changed ones.
constexpr int64_t kUnchangedWorth = 2;
constexpr size_t kMaxRects = 512;
constexpr int kMaxDepth = 24;
constexpr int32_t kBandPx = 32;

bool MeetsAny(const Rect& rect, const std::vector<Rect>& others) {
  return std::any_of(others.begin(), others.end(), [&](const Rect& other) {
    return !Intersection(rect, other).empty();
  });
}

bool ByColumn(const Rect& a, const Rect& b) {
  return a.x_px != b.x_px ? a.x_px < b.x_px : a.y_px < b.y_px;
}

bool ByRow(const Rect& a, const Rect& b) {
  return a.y_px != b.y_px ? a.y_px < b.y_px : a.x_px < b.x_px;
}

}  // namespace

const std::vector<Rect>& Coalescer::Coalesce(const std::vector<Rect>& rects,
                                             const std::vector<Rect>& taken) {
  cover_.clear();
  if (rects.empty()) return cover_;
  rects_ = rects;
  // In rows first: free lines of columns would tear rows of dots apart.
  if (rects_.size() > 1) JoinInBands(kPatchPx * kUnchangedWorth, taken);
  if (rects_.size() > kMaxRects) {
    JoinInBands(std::numeric_limits<int64_t>::max(), taken);
  }
  taken_ = taken;
  area_after_.resize(rects_.size() + 1);
  CoverGroup(GroupOf(0, rects_.size()), {0, taken_.size()}, 0);
  return cover_;
}

void Coalescer::JoinInBands(int64_t free_px, const std::vector<Rect>& taken) {
  pieces_.clear();
  for (const Rect& rect : rects_) {
    for (int32_t y = rect.y_px; y < rect.bottom_px();) {
      const int32_t bottom =
          std::min((y / kBandPx + 1) * kBandPx, rect.bottom_px());
      pieces_.push_back({rect.x_px, y, rect.width_px, bottom - y});
      y = bottom;
    }
  }
  std::sort(pieces_.begin(), pieces_.end(), [](const Rect& a, const Rect& b) {
    const int32_t band_a = a.y_px / kBandPx;
    const int32_t band_b = b.y_px / kBandPx;
    return band_a != band_b ? band_a < band_b : ByColumn(a, b);
  });
  rects_.clear();
  for (size_t first = 0; first < pieces_.size();) {
    first = JoinOneRun(first, free_px, taken);
  }
}

// Pieces that share columns belong together, whatever else: only so are the
// runs of a band disjoint.
size_t Coalescer::JoinOneRun(size_t first, int64_t free_px,
                             const std::vector<Rect>& taken) {
  const int32_t band = pieces_[first].y_px / kBandPx;
  Rect run = pieces_[first];
  size_t end = first + 1;
  bool joined = true;
  while (end < pieces_.size() && pieces_[end].y_px / kBandPx == band) {
    Rect cluster = pieces_[end];
    size_t cluster_end = end + 1;
    while (cluster_end < pieces_.size() &&
           pieces_[cluster_end].y_px / kBandPx == band &&
           pieces_[cluster_end].x_px < cluster.right_px()) {
      cluster = BoundsOf(cluster, pieces_[cluster_end++]);
    }
    const bool must = cluster.x_px < run.right_px();
    const Rect both = BoundsOf(run, cluster);
    if (!must) {
      const int64_t between_px =
          both.AreaPx() - run.AreaPx() - cluster.AreaPx();
      if (!joined || between_px > free_px) break;
      if (MeetsAny(both, taken)) break;
    }
    run = both;
    if (must && MeetsAny(run, taken)) joined = false;
    end = cluster_end;
  }
  if (joined) {
    rects_.push_back(run);
  } else {
    rects_.insert(rects_.end(), pieces_.begin() + static_cast<ptrdiff_t>(first),
                  pieces_.begin() + static_cast<ptrdiff_t>(end));
  }
  return end;
}

Coalescer::Group Coalescer::GroupOf(size_t first, size_t end) const {
  Group group = {first, end, {}, 0};
  for (size_t i = first; i < end; ++i) {
    group.bounds = BoundsOf(group.bounds, rects_[i]);
    group.changed_px += rects_[i].AreaPx();
  }
  return group;
}

void Coalescer::Sort(const Group& group, bool by_column) {
  std::sort(rects_.begin() + static_cast<ptrdiff_t>(group.first),
            rects_.begin() + static_cast<ptrdiff_t>(group.end),
            by_column ? ByColumn : ByRow);
}

// The direction whose free lines, all taken, leave the least area decides;
// then of its lines the one that leaves the least area on both sides together.
// A line near the middle may leave some more: peeling off one rectangle at a
// time goes too deep.
void Coalescer::FindCut(const Group& group, bool by_column, Cut& best) {
  Sort(group, by_column);
  Rect after;
  for (size_t i = group.end; i > group.first; --i) {
    after = BoundsOf(after, rects_[i - 1]);
    area_after_[i - 1] = after.AreaPx();
  }
  const auto count = static_cast<int64_t>(group.end - group.first);
  const auto from_middle = [&group](size_t at) {
    return std::abs(static_cast<int64_t>(2 * at) -
                    static_cast<int64_t>(group.first + group.end));
  };
  Cut cut = {by_column, 0, 0, 0};
  Rect before = rects_[group.first];
  Rect strip = before;
  for (size_t i = group.first + 1; i < group.end; ++i) {
    const bool free = by_column ? before.right_px() <= rects_[i].x_px
                                : before.bottom_px() <= rects_[i].y_px;
    if (free) {
      cut.strips_px += strip.AreaPx();
      strip = {};
      int64_t area_px = before.AreaPx() + area_after_[i];
      area_px += area_px * from_middle(i) / (8 * count);
      if (cut.at == 0 || area_px < cut.area_px) {
        cut.at = i;
        cut.area_px = area_px;
      }
    }
    before = BoundsOf(before, rects_[i]);
    strip = BoundsOf(strip, rects_[i]);
  }
  cut.strips_px += strip.AreaPx();
  if (cut.at != 0 && (best.at == 0 || cut.strips_px < best.strips_px)) {
    best = cut;
  }
}

int64_t Coalescer::CoverGroup(const Group& group, TakenRange taken, int depth) {
  const size_t count = group.end - group.first;
  const int64_t one_px =
      kPatchPx + group.changed_px +
      (group.bounds.AreaPx() - group.changed_px) / kUnchangedWorth;
  // Those of the takens that are near are put on top of the stack.
  const size_t near = taken_.size();
  for (size_t i = taken.first; i < taken.end; ++i) {
    const Rect meets = Intersection(taken_[i], group.bounds);
    if (!meets.empty()) taken_.push_back(meets);
  }
  const bool allowed = taken_.size() == near;
  const size_t mark = cover_.size();
  int64_t parts_px = group.changed_px + static_cast<int64_t>(count) * kPatchPx;
  // Nothing beats one rectangle with little in it that did not change.
  const bool settled = allowed && one_px <= group.changed_px + 2 * kPatchPx;
  Cut cut;
  if (!settled && count > 1 && depth < kMaxDepth) {
    FindCut(group, true, cut);
    FindCut(group, false, cut);
  }
  if (cut.at != 0) {
    if (cut.by_column) Sort(group, true);
    const TakenRange mine = {near, taken_.size()};
    parts_px = CoverGroup(GroupOf(group.first, cut.at), mine, depth + 1) +
               CoverGroup(GroupOf(cut.at, group.end), mine, depth + 1);
  } else if (!allowed || parts_px < one_px) {
    cover_.insert(cover_.end(),
                  rects_.begin() + static_cast<ptrdiff_t>(group.first),
                  rects_.begin() + static_cast<ptrdiff_t>(group.end));
  }
  taken_.resize(near);
  if (!allowed || parts_px < one_px) return parts_px;
  cover_.resize(mark);
  cover_.push_back(group.bounds);
  return one_px;
}

}  // namespace oriel::encoder
