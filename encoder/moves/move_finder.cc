#include "encoder/moves/move_finder.h"

#include <algorithm>
#include <cstring>

namespace oriel::encoder {
namespace {

// One row in so many of the reference is indexed; so many consecutive rows of
// the picture then hold one that matches, whatever the shift. Lines of text
// are seldom 11 or 22 px high, so each line is indexed in other rows.
constexpr int32_t kRowStep = 11;
// The more there is to look at, the more units are left out. Those that are
// looked at stand in slanting lines, so that every window holds some; an odd
// step makes them slant. Each update has other ones.
constexpr int64_t kThoroughPx = 32 * 1024;
constexpr int32_t kMaxUnitStep = 7;
constexpr Size kUnit = {128, 64};
// Of the units that no move has covered.
constexpr int32_t kSecondStep = 3;
// What stood beside an area may stand in it now.
constexpr int32_t kMarginPx = 64;
// A move reaches further than its votes when there are many of them.
constexpr int32_t kManyVotes = 12;
constexpr int32_t kFarPx = 192;
// Fewer may be chance.
constexpr int32_t kMinVotes = 4;
constexpr size_t kMaxCandidates = 8;
constexpr Size kSample = {32, 16};
// Shifts of the updates before: by one line, and by two.
constexpr size_t kMaxRecent = 2;
constexpr int64_t kSmallRest = 8;

int64_t AreaPx(const std::vector<Rect>& rects) {
  int64_t sum = 0;
  for (const Rect& rect : rects) sum += rect.AreaPx();
  return sum;
}

Point MiddleOf(int32_t column, int32_t row) {
  return {column * kUnit.width_px + kUnit.width_px / 2,
          row * kUnit.height_px + kUnit.height_px / 2};
}

bool IsEqual(const BandedPicture& picture, const BandedPicture& reference,
             const Rect& rect, const Shift& source) {
  for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
    if (std::memcmp(picture.Row(y) + size_t(rect.x_px) * kBytesPerPixel,
                    reference.Row(y + source.dy_px) +
                        size_t(rect.x_px + source.dx_px) * kBytesPerPixel,
                    size_t(rect.width_px) * kBytesPerPixel) != 0) {
      return false;
    }
  }
  return true;
}

// At sixteen places of what changed, as far apart as can be: whether half of
// them stood there.
bool IsLikelyAgain(const BandedPicture& picture, const BandedPicture& reference,
                   const std::vector<Rect>& changed, const Shift& source) {
  constexpr int64_t kPlaces = 16;
  const int64_t step_px = std::max<int64_t>(1, AreaPx(changed) / kPlaces);
  const Rect all = Rect::Of(picture.size());
  int equal = 0;
  int64_t at_px = step_px / 2;
  for (const Rect& rect : changed) {
    for (; at_px < rect.AreaPx(); at_px += step_px) {
      const Rect here =
          Intersection({rect.x_px + static_cast<int32_t>(at_px % rect.width_px),
                        rect.y_px + static_cast<int32_t>(at_px / rect.width_px),
                        kSample.width_px, kSample.height_px},
                       rect);
      if (all.Contains(Shifted(here, source)) &&
          IsEqual(picture, reference, here, source)) {
        ++equal;
      }
    }
    at_px -= rect.AreaPx();
  }
  return equal * 2 >= kPlaces;
}

int64_t CoveredPx(const std::vector<Rect>& rects, const Rect& by) {
  int64_t sum = 0;
  for (const Rect& rect : rects) sum += Intersection(rect, by).AreaPx();
  return sum;
}

}  // namespace

template <typename Wanted>
void MoveFinder::Vote(const BandedPicture& picture,
                      const std::vector<Rect>& areas, Wanted wanted) {
  votes_.Clear();
  for (const Rect& area : areas) {
    const int32_t row = area.y_px / kUnit.height_px;
    const int32_t last = (area.right_px() - 1) / kUnit.width_px;
    for (int32_t column = area.x_px / kUnit.width_px; column <= last;
         ++column) {
      if (!wanted(column, row)) continue;
      CountUnit(picture, Intersection({column * kUnit.width_px, area.y_px,
                                       kUnit.width_px, area.height_px},
                                      area));
    }
  }
}

const std::vector<Move>& MoveFinder::Find(const BandedPicture& picture,
                                          const BandedPicture& reference,
                                          const std::vector<Rect>& changed,
                                          const std::vector<Rect>& barred) {
  moves_.clear();
  if (AreaPx(changed) < EqualCells::kMinSparedPx) return moves_;
  const std::vector<Rect>& areas = areas_.Choose(picture.size(), changed);
  if (areas.empty()) return moves_;
  cells_.Start(picture, reference, changed, barred);
  Search(picture, reference, areas);
  for (const Move& move : moves_) areas_.Found(move.rect);
  areas_.Learn();
  // Something small beside it does not end a scroll.
  if (!moves_.empty() || AreaPx(changed) >= kThoroughPx) Remember();
  return moves_;
}

void MoveFinder::Search(const BandedPicture& picture,
                        const BandedPicture& reference,
                        const std::vector<Rect>& areas) {
  IndexReference(reference, areas);
  const auto step = static_cast<int32_t>(
      std::min<int64_t>(kMaxUnitStep, AreaPx(areas) / kThoroughPx / 2 * 2 + 1));
  phase_ = (phase_ + 1) % step;
  const auto is_first = [this, step](int32_t column, int32_t row) {
    return (column + 2 * row) % step == phase_;
  };
  left_px_ = 2 * AreaPx(areas);
  Vote(picture, areas, is_first);
  TakeBest(picture, reference);
  // Where something moves, something smaller may, too.
  if (moves_.empty() || step == 1) return;
  int32_t left_over = 0;
  Vote(picture, areas, [&](int32_t column, int32_t row) {
    return !is_first(column, row) && !IsTaken(MiddleOf(column, row)) &&
           left_over++ % kSecondStep == 0;
  });
  TakeBest(picture, reference);
}

const std::vector<Move>& MoveFinder::FindAgain(
    const BandedPicture& picture, const BandedPicture& reference,
    const std::vector<Rect>& damage, const std::vector<Rect>& barred) {
  const int64_t damage_px = AreaPx(damage);
  for (const Shift& shift : recent_) {
    moves_.clear();
    if (!IsLikelyAgain(picture, reference, damage, shift)) continue;
    cells_.Start(picture, reference, damage, barred);
    cells_.Take(shift, Rect::Of(picture.size()), moves_);
    int64_t rest_px = damage_px;
    for (const Move& move : moves_) rest_px -= CoveredPx(damage, move.rect);
    if (rest_px > std::max(kThoroughPx, damage_px / kSmallRest)) continue;
    Remember();
    return moves_;
  }
  moves_.clear();
  return moves_;
}

void MoveFinder::Remember() {
  const Move* largest = nullptr;
  for (const Move& move : moves_) {
    if (largest == nullptr || move.rect.AreaPx() > largest->rect.AreaPx())
      largest = &move;
  }
  if (largest == nullptr) {
    recent_.clear();
    return;
  }
  const Shift shift = largest->source;
  std::erase(recent_, shift);
  recent_.insert(recent_.begin(), shift);
  if (recent_.size() > kMaxRecent) recent_.pop_back();
}

void MoveFinder::TakeBest(const BandedPicture& picture,
                          const BandedPicture& reference) {
  for (const Candidate& candidate : votes_.Best(kMaxCandidates)) {
    if (candidate.votes < kMinVotes || left_px_ <= 0) break;
    if (!IsLikely(picture, reference, candidate)) continue;
    const Rect& bounds = candidate.bounds;
    const int32_t margin = candidate.votes >= kManyVotes ? kFarPx : kMarginPx;
    const Rect around = {bounds.x_px - margin, bounds.y_px - margin,
                         bounds.width_px + 2 * margin,
                         bounds.height_px + 2 * margin};
    left_px_ -= Intersection(around, Rect::Of(picture.size())).AreaPx();
    cells_.Take(candidate.shift, around, moves_);
  }
}

void MoveFinder::IndexReference(const BandedPicture& reference,
                                const std::vector<Rect>& areas) {
  anchors_.clear();
  const Rect all = Rect::Of(reference.size());
  for (const Rect& area : areas) {
    const Rect wide =
        Intersection({area.x_px - kMarginPx, area.y_px,
                      area.width_px + 2 * kMarginPx, area.height_px},
                     all);
    const int32_t first = (wide.y_px + kRowStep - 1) / kRowStep * kRowStep;
    for (int32_t y = first; y < wide.bottom_px(); y += kRowStep) {
      scanner_.Start(reference, wide, y);
      scanner_.TakeRow(anchors_);
    }
  }
  index_.Build(anchors_);
}

void MoveFinder::CountUnit(const BandedPicture& picture, const Rect& unit) {
  anchors_.clear();
  scanner_.Start(picture, unit, unit.y_px);
  for (int32_t row = 0; row < unit.height_px; ++row) {
    scanner_.TakeRow(anchors_);
  }
  for (const Anchor& anchor : anchors_) {
    if (!index_.Wants(anchor.key)) continue;
    const std::optional<Point> stood = index_.Find(anchor.key);
    if (stood.has_value() && *stood != anchor.at) {
      votes_.Count(anchor.at, *stood);
    }
  }
}

bool MoveFinder::IsLikely(const BandedPicture& picture,
                          const BandedPicture& reference,
                          const Candidate& candidate) const {
  int free = 0;
  int equal = 0;
  for (size_t i = 0; i < candidate.sample_count; ++i) {
    const Point at = candidate.samples[i];
    if (IsTaken(at)) continue;
    ++free;
    // Both the anchor and its place in the reference are inside the picture,
    // and so are the rows' windows to the right of them.
    const Rect source = Intersection(
        {at.x_px + candidate.shift.dx_px, at.y_px + candidate.shift.dy_px,
         kSample.width_px, kSample.height_px},
        Rect::Of(picture.size()));
    const Rect rect =
        Intersection({at.x_px, at.y_px, source.width_px, source.height_px},
                     Rect::Of(picture.size()));
    if (IsEqual(picture, reference, rect, candidate.shift)) ++equal;
  }
  return equal > 0 && equal * 3 >= free;
}

bool MoveFinder::IsTaken(Point at) const {
  return std::any_of(moves_.begin(), moves_.end(), [at](const Move& move) {
    return !Intersection(move.rect, {at.x_px, at.y_px, 1, 1}).empty();
  });
}

}  // namespace oriel::encoder
