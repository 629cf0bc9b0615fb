#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/picture/rect.h"
#include "capture/damage/tile_grid.h"

namespace oriel::capture {

// One row of so many is looked at at a time: the height of a line of text.
inline constexpr int32_t kSampleRowsPx = 16;

struct ScanPace {
  int max_rate_hz = 60;
  // Processor time for reading, of each second.
  Duration budget_per_second = std::chrono::milliseconds(150);
};

// Of hot tiles that are not read whole: every row is looked at within so many
// ticks. A divisor of the tiles' height.
inline constexpr int32_t kHotRowStepPx = 4;

// In no order.
struct HotTiles {
  std::vector<int> changed;  // in the last 300 ms
  std::vector<int> near;     // beside those, no more
};

// What is to be read now.
struct ScanTick {
  // The rows y with y % kSampleRowsPx == *sample.
  std::optional<int32_t> sample;
  // The hot tiles: of those that changed all rows, unless they are many; of the
  // others the rows y with y % kHotRowStepPx == hot_row.
  bool hot = false;
  bool many = false;
  int32_t hot_row = 0;

  bool empty() const { return !sample.has_value() && !hot; }
};

// Decides when which part of a plane is read. Hot tiles, which are those that
// changed in the last 300 ms and their neighbours, are due at the full rate: of
// neighbours one row of four, and so of all where much scrolls. Of all others
// one row of sixteen is due every 19.2 ms, another one each time; ten seconds
// after the last change or wake-up every 95 ms. So what is as high as text is
// seen within 20 ms (100), and any pixel within 300 ms (1.6 s). Where the
// budget allows less, both are due more seldom, sampling with a quarter of the
// budget at least. Thread-compatible; time is the caller's.
class ScanPlan {
 public:
  explicit ScanPlan(const ScanPace& pace);

  // The plane has this size from now on, reading all of it takes `pass`, and it
  // has just been read. Nothing is hot.
  void Begin(Size size, Duration pass, Time now);
  // All of it was read at `now`, whatever was due.
  void NoteWhole(Time now);

  // What is due at `now`, once: it counts as read.
  ScanTick Take(Time now);
  // When Take gives something the next time.
  Time NextDue() const;

  // A tile changed.
  void NoteChange(int tile, Time now);
  // Something is about to change: ends the slow pace.
  void Wake(Time now);
  // Reading took so long. What exceeds the budget puts off all that is due.
  void Charge(Duration spent, Time now);

  // As of the last Take.
  const HotTiles& hot_tiles() const { return hot_; }
  bool resting(Time now) const;
  // All rows have been looked at since then.
  Time read_since() const;

 private:
  struct Periods {
    Duration hot;
    Duration sample;
  };

  Periods PeriodsAt(Time now) const;
  double Tokens(Time now) const;
  void CoolDown(Time now);

  const Duration tick_;
  const double budget_;  // seconds a second

  TileGrid grid_;
  Duration pass_{};
  Time active_at_{};
  Time sample_due_{};
  Time hot_due_{};
  uint32_t samples_ = 0;
  uint32_t hot_ticks_ = 0;
  std::array<Time, kSampleRowsPx> row_read_at_{};
  // By tile; Time::min(): it is not hot, or only a neighbour.
  std::vector<Time> hot_until_;
  std::vector<Time> changed_until_;
  std::vector<int> warm_;  // all that are hot, in no order
  HotTiles hot_;           // the same, as of the last Take

  // Seconds of reading left at charged_at_; a second's budget at most.
  double tokens_;
  Time charged_at_ = Time::min();
};

}  // namespace oriel::capture
