#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/picture/damage.h"
#include "base/picture/rect.h"

namespace oriel::encoder {

// When an area is worth a video stream, and for how long.
struct MotionTuning {
  // A tile's activity gains with each change the share that changed of what
  // ever changes in it, and halves in this time: steady changes at 30 Hz give
  // 11, at 10 Hz 4, at 5 Hz 2.
  Duration half_life = std::chrono::milliseconds(250);
  double moving_activity = 4.0;
  // Where lossless patches would take more than urgent_bytes_per_s.
  double urgent_activity = 2.5;
  double urgent_bytes_per_s = 4e6;
  // Of lossless patches. Films take 0.8 and more; what a scroll brings in of
  // photographs, spread over its tiles, a third; text a tenth of that.
  double costly_bytes_per_px = 0.6;
  // Less is no film: an icon, or the strip that a scroll brings in.
  int32_t min_side_px = 96;
  // Of the moving tiles in the rectangle around them.
  double min_filled = 0.5;
  // An area goes back to patches when nothing of it changed for rest, or when
  // its mean activity stayed below still_activity for dull.
  Duration rest = std::chrono::milliseconds(350);
  double still_activity = 1.0;
  Duration dull = std::chrono::seconds(1);
  // Before this an area is not replaced by one less than twice as large: each
  // replacement is a keyframe.
  Duration min_life = std::chrono::seconds(1);
  size_t max_areas = 2;
};

// A rectangle of the picture that is video now.
struct MotionArea {
  uint32_t id = 0;  // another stream has another one; never 0
  Rect rect;        // even sides where the picture allows
  friend bool operator==(const MotionArea&, const MotionArea&) = default;
};

// Decides by what changed, when, and what lossless patches of it weighed,
// which areas are video. Deterministic: time is what it is told.
// Thread-compatible.
class MotionPlanner {
 public:
  explicit MotionPlanner(Size size, const MotionTuning& tuning = {});

  // A frame's damage, in the order of time.
  void Changed(const Damage& damage, Time at);
  // A lossless patch of `rect` weighed this much; 0 of a copy or fill. What
  // changes for the first time says nothing of what comes next.
  void Weighed(const Rect& rect, size_t size_bytes);
  // What patches of a live area would weigh now: one that scrolls goes back to
  // them.
  void AreaWouldWeigh(uint32_t area_id, double bytes_per_px);
  // The areas that are video from now on, disjoint.
  const std::vector<MotionArea>& Plan(Time now);
  // Back to patches, as where its codec fails, and not again for a while.
  void GiveUp(uint32_t area_id, Time now);

  // When Plan can change without a change of the picture; empty: never.
  std::optional<Time> next_change() const;

 private:
  struct Tile {
    double activity = 0;  // as of changed_at
    Time changed_at{};
    double bytes_per_px = 0;
    double weighed_share = 0;  // of extent, by all patches together
    // What changed of it since it was still, without what came first: that
    // can be the window in which a film plays.
    Rect extent;
  };
  struct Live {
    MotionArea area;
    Time since;
    Time changed_at;
    Time lively_at;  // when it was last not dull
    bool cheap = false;
  };

  double ActivityAt(const Tile& tile, Time now) const;
  Rect TileRect(int column, int row) const;
  // Tiles that `rect` meets: [left, right) x [top, bottom).
  Rect TilesOf(const Rect& rect) const;
  bool IsCostly(const Tile& tile) const;
  // No patch told what it weighs, because others filled the updates.
  bool IsUnknown(const Tile& tile) const;
  // Of lossless patches, as the tiles change now.
  double BytesPerSecond(Time now) const;
  void DropStill(Time now);
  std::vector<Rect> Candidates(Time now) const;
  Rect GrowComponent(size_t first, const std::vector<char>& moving,
                     std::vector<char>& seen, int64_t& tiles_px) const;
  void Promote(const Rect& candidate, Time now);
  void Publish();
  Rect Align(const Rect& rect) const;

  const Size size_;
  const MotionTuning tuning_;
  const int columns_;
  const int rows_;
  std::vector<Tile> tiles_;
  std::vector<Live> live_;
  std::vector<MotionArea> areas_;
  Time banned_until_{};
  uint32_t last_id_ = 0;
};

}  // namespace oriel::encoder
