#include "encoder/adaptive/motion_planner.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace oriel::encoder {
namespace {

constexpr int32_t kTileWidthPx = 64;
constexpr int32_t kTileHeightPx = 32;
// How much of a tile's cost the newest patch makes up.
constexpr double kNewestShare = 0.4;
// Below this a tile is still: what changes next begins anew.
constexpr double kForgotten = 0.3;
// Up to here a tile changed once since it was still.
constexpr double kChangedOnce = 1.0;
// Of a tile's activity, for its patches to be typical.
constexpr double kChangedAgain = 1.3;
// Of costly_bytes_per_px, for an area to go back to patches.
constexpr double kCheapShare = 0.5;
// Times a tile's extent, for what its patches weighed to outweigh what they did
// before.
constexpr double kWeighed = 1.5;
// Of the activity that begins an area, to belong to it.
constexpr double kJoining = 0.5;
constexpr Duration kBan = std::chrono::seconds(10);

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Rect Union(const Rect& a, const Rect& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  const int32_t left = std::min(a.x_px, b.x_px);
  const int32_t top = std::min(a.y_px, b.y_px);
  return {left, top, std::max(a.right_px(), b.right_px()) - left,
          std::max(a.bottom_px(), b.bottom_px()) - top};
}

int DivideUp(int32_t value, int32_t by) { return (value + by - 1) / by; }

}  // namespace

MotionPlanner::MotionPlanner(Size size, const MotionTuning& tuning)
    : size_(size),
      tuning_(tuning),
      columns_(DivideUp(size.width_px, kTileWidthPx)),
      rows_(DivideUp(size.height_px, kTileHeightPx)),
      tiles_(size_t(columns_) * size_t(rows_)) {}

double MotionPlanner::ActivityAt(const Tile& tile, Time now) const {
  if (tile.activity == 0) return 0;
  return tile.activity * std::exp2(-Seconds(now - tile.changed_at) /
                                   Seconds(tuning_.half_life));
}

Rect MotionPlanner::TileRect(int column, int row) const {
  return Intersection(Rect::Of(size_),
                      {column * kTileWidthPx, row * kTileHeightPx, kTileWidthPx,
                       kTileHeightPx});
}

Rect MotionPlanner::TilesOf(const Rect& rect) const {
  const int left = rect.x_px / kTileWidthPx;
  const int top = rect.y_px / kTileHeightPx;
  return {left, top, DivideUp(rect.right_px(), kTileWidthPx) - left,
          DivideUp(rect.bottom_px(), kTileHeightPx) - top};
}

void MotionPlanner::Changed(const Damage& damage, Time at) {
  for (const Rect& rect : damage.Rects()) {
    const Rect tiles = TilesOf(rect);
    for (int row = tiles.y_px; row < tiles.bottom_px(); ++row) {
      for (int column = tiles.x_px; column < tiles.right_px(); ++column) {
        Tile& tile = tiles_[size_t(row) * size_t(columns_) + size_t(column)];
        const Rect part = Intersection(TileRect(column, row), rect);
        const double before = ActivityAt(tile, at);
        if (before < kForgotten) tile.weighed_share = 0;
        if (before < kChangedOnce) tile.extent = {};
        tile.extent = Union(tile.extent, part);
        // Of what changes of the tile, so that a film's edges count in full.
        tile.activity =
            before + double(part.AreaPx()) / double(tile.extent.AreaPx());
        tile.changed_at = at;
      }
    }
    for (Live& live : live_) {
      if (!Intersection(live.area.rect, rect).empty()) live.changed_at = at;
    }
  }
}

void MotionPlanner::Weighed(const Rect& rect, size_t size_bytes) {
  const double bytes_per_px = double(size_bytes) / double(rect.AreaPx());
  const Rect tiles = TilesOf(rect);
  for (int row = tiles.y_px; row < tiles.bottom_px(); ++row) {
    for (int column = tiles.x_px; column < tiles.right_px(); ++column) {
      Tile& tile = tiles_[size_t(row) * size_t(columns_) + size_t(column)];
      if (tile.activity < kChangedAgain) continue;
      // A sliver says little of the rest of what changes in the tile.
      const Rect part = Intersection(TileRect(column, row), rect);
      const double share =
          std::min(1.0, double(part.AreaPx()) / double(tile.extent.AreaPx()));
      tile.weighed_share += share;
      tile.bytes_per_px +=
          kNewestShare * share * (bytes_per_px - tile.bytes_per_px);
    }
  }
}

void MotionPlanner::AreaWouldWeigh(uint32_t area_id, double bytes_per_px) {
  for (Live& live : live_) {
    if (live.area.id == area_id) {
      live.cheap = bytes_per_px < kCheapShare * tuning_.costly_bytes_per_px;
    }
  }
}

bool MotionPlanner::IsCostly(const Tile& tile) const {
  return tile.bytes_per_px >= tuning_.costly_bytes_per_px;
}

bool MotionPlanner::IsUnknown(const Tile& tile) const {
  return !IsCostly(tile) && tile.weighed_share < kWeighed;
}

const std::vector<MotionArea>& MotionPlanner::Plan(Time now) {
  DropStill(now);
  if (now >= banned_until_) {
    for (const Rect& candidate : Candidates(now)) Promote(candidate, now);
  }
  Publish();
  return areas_;
}

void MotionPlanner::DropStill(Time now) {
  for (Live& live : live_) {
    const Rect tiles = TilesOf(live.area.rect);
    double sum = 0;
    for (int row = tiles.y_px; row < tiles.bottom_px(); ++row) {
      for (int column = tiles.x_px; column < tiles.right_px(); ++column) {
        sum += std::min(
            ActivityAt(tiles_[size_t(row) * size_t(columns_) + size_t(column)],
                       now),
            tuning_.moving_activity);
      }
    }
    if (sum >= tuning_.still_activity * double(tiles.AreaPx()))
      live.lively_at = now;
  }
  std::erase_if(live_, [&](const Live& live) {
    const bool over = live.cheap || now - live.changed_at >= tuning_.rest ||
                      now - live.lively_at >= tuning_.dull;
    if (!over) return false;
    // What it weighs as patches now is not known.
    const Rect tiles = TilesOf(live.area.rect);
    for (int row = tiles.y_px; row < tiles.bottom_px(); ++row) {
      for (int column = tiles.x_px; column < tiles.right_px(); ++column) {
        tiles_[size_t(row) * size_t(columns_) + size_t(column)] = {};
      }
    }
    return true;
  });
}

// A rectangle around moving tiles that touch, or have one between them.
Rect MotionPlanner::GrowComponent(size_t first, const std::vector<char>& moving,
                                  std::vector<char>& seen,
                                  int64_t& tiles_px) const {
  Rect bounds;
  std::vector<size_t> todo = {first};
  seen[first] = 1;
  while (!todo.empty()) {
    const size_t at = todo.back();
    todo.pop_back();
    const int column = static_cast<int>(at % size_t(columns_));
    const int row = static_cast<int>(at / size_t(columns_));
    bounds = Union(bounds, tiles_[at].extent);
    tiles_px += tiles_[at].extent.AreaPx();
    constexpr int kReach = 2;
    for (int y = std::max(0, row - kReach);
         y <= std::min(rows_ - 1, row + kReach); ++y) {
      for (int x = std::max(0, column - kReach);
           x <= std::min(columns_ - 1, column + kReach); ++x) {
        const size_t next = size_t(y) * size_t(columns_) + size_t(x);
        if (moving[next] == 0 || seen[next] != 0) continue;
        seen[next] = 1;
        todo.push_back(next);
      }
    }
  }
  return bounds;
}

// What is unknown weighs what the costly tiles do.
double MotionPlanner::BytesPerSecond(Time now) const {
  double bytes_per_s = 0;
  double unknown_px_per_s = 0;
  double costly_sum = 0;
  int costly = 0;
  for (const Tile& tile : tiles_) {
    // A steady rate's activity is rate * half_life / ln 2.
    const double rate_hz =
        ActivityAt(tile, now) * std::log(2.0) / Seconds(tuning_.half_life);
    const double px_per_s = rate_hz * double(tile.extent.AreaPx());
    if (IsUnknown(tile)) {
      unknown_px_per_s += px_per_s;
      continue;
    }
    bytes_per_s += px_per_s * tile.bytes_per_px;
    if (!IsCostly(tile)) continue;
    costly_sum += tile.bytes_per_px;
    ++costly;
  }
  if (costly == 0) return bytes_per_s;
  return bytes_per_s + unknown_px_per_s * costly_sum / costly;
}

// Around costly tiles that move, with what moves beside them and is unknown or
// began later, as where a scan met a picture half drawn: else a large film
// would become video strip by strip.
std::vector<Rect> MotionPlanner::Candidates(Time now) const {
  const double threshold = BytesPerSecond(now) >= tuning_.urgent_bytes_per_s
                               ? tuning_.urgent_activity
                               : tuning_.moving_activity;
  std::vector<char> moving(tiles_.size());
  for (size_t i = 0; i < tiles_.size(); ++i) {
    moving[i] = (IsCostly(tiles_[i]) || IsUnknown(tiles_[i])) &&
                ActivityAt(tiles_[i], now) >= kJoining * threshold;
  }
  std::vector<char> seen(tiles_.size());
  std::vector<Rect> found;
  for (size_t i = 0; i < tiles_.size(); ++i) {
    if (moving[i] == 0 || seen[i] != 0 || !IsCostly(tiles_[i]) ||
        ActivityAt(tiles_[i], now) < threshold) {
      continue;
    }
    int64_t tiles_px = 0;
    const Rect bounds = GrowComponent(i, moving, seen, tiles_px);
    if (bounds.width_px >= tuning_.min_side_px &&
        bounds.height_px >= tuning_.min_side_px &&
        double(tiles_px) >= tuning_.min_filled * double(bounds.AreaPx())) {
      found.push_back(Align(bounds));
    }
  }
  std::sort(found.begin(), found.end(), [](const Rect& a, const Rect& b) {
    return a.AreaPx() > b.AreaPx();
  });
  return found;
}

// Chroma has half the resolution: even edges lose the least.
Rect MotionPlanner::Align(const Rect& rect) const {
  const int32_t left = rect.x_px & ~1;
  const int32_t top = rect.y_px & ~1;
  const int32_t right = (rect.right_px() + 1) & ~1;
  const int32_t bottom = (rect.bottom_px() + 1) & ~1;
  return Intersection(Rect::Of(size_), {left, top, right - left, bottom - top});
}

void MotionPlanner::Promote(const Rect& candidate, Time now) {
  Rect rect = candidate;
  int64_t met_px = 0;
  bool young = false;
  std::vector<size_t> met;
  for (size_t i = 0; i < live_.size(); ++i) {
    const Rect& area = live_[i].area.rect;
    if (area.Contains(candidate)) return;
    if (Intersection(area, candidate).empty()) continue;
    young |= now - live_[i].since < tuning_.min_life;
    met.push_back(i);
    met_px += area.AreaPx();
    rect = Union(rect, area);
  }
  if (young && rect.AreaPx() < 2 * met_px) return;
  // The larger one may meet others, which are then inside it.
  for (size_t i = 0; i < live_.size(); ++i) {
    if (std::find(met.begin(), met.end(), i) == met.end() &&
        !Intersection(live_[i].area.rect, rect).empty()) {
      return;
    }
  }
  if (live_.size() - met.size() >= tuning_.max_areas) return;
  std::sort(met.rbegin(), met.rend());
  for (const size_t i : met)
    live_.erase(live_.begin() + static_cast<ptrdiff_t>(i));
  live_.push_back({{++last_id_, rect}, now, now, now});
}

void MotionPlanner::Publish() {
  areas_.clear();
  for (const Live& live : live_) areas_.push_back(live.area);
}

void MotionPlanner::GiveUp(uint32_t area_id, Time now) {
  std::erase_if(live_,
                [&](const Live& live) { return live.area.id == area_id; });
  banned_until_ = now + kBan;
  Publish();
}

std::optional<Time> MotionPlanner::next_change() const {
  std::optional<Time> next;
  for (const Live& live : live_) {
    const Time due = live.changed_at + tuning_.rest;
    if (!next.has_value() || due < *next) next = due;
  }
  return next;
}

}  // namespace oriel::encoder
