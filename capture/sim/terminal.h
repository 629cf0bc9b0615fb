#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/picture/damage.h"
#include "capture/sim/canvas.h"
#include "capture/sim/theme.h"

namespace oriel::capture::sim {

// Somebody at work in a terminal: types a command, reads what scrolls by, ten
// lines a second, rests, goes on. The same for the same times asked for.
// Thread-compatible.
class Terminal {
 public:
  // Text stays inside `area` of the canvas that Advance gets.
  Terminal(std::shared_ptr<Theme> theme, const Rect& area);

  // Draws all that happened up to `elapsed`; damage in the canvas. The first
  // call draws a finished command, so that there is something to read. After a
  // gap of over two seconds the rest of it is skipped.
  Damage Advance(Duration elapsed, Canvas& canvas);

 private:
  struct Span {
    std::string text;
    Color color;
    bool bold = false;
  };
  using Line = std::vector<Span>;
  struct Job;

  static const std::vector<Job>& Jobs();
  void StartJob();
  // One key or one line; returns how long until the next one.
  Duration Step(Canvas& canvas);
  void TypeCharacter(Canvas& canvas);
  void PutLine(Canvas& canvas, const Line& line);
  void DrawSpans(Canvas& canvas, const Line& line, int32_t row);
  void DrawCursor(Canvas& canvas, Color color);
  Rect RowRect(int32_t row) const;
  Line CompileLine();
  Line TestLine();
  Line LogLine();

  const std::shared_ptr<Theme> theme_;
  const Rect area_;
  const int32_t row_height_px_;
  const int32_t rows_;
  const int32_t cell_width_px_;
  std::minstd_rand random_{20240514};
  bool begun_ = false;
  Duration next_step_{};
  size_t job_ = 0;
  size_t typed_ = 0;
  int lines_left_ = 0;
  int line_number_ = 0;
  int32_t row_ = 0;
  int32_t column_ = 0;
  Damage damage_;
};

}  // namespace oriel::capture::sim
