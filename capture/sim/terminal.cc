#include "capture/sim/terminal.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"

namespace oriel::capture::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kLineInterval = milliseconds(100);
constexpr Duration kLongestGap = seconds(2);
constexpr char kPrompt[] = "you@oriel";
constexpr char kFolder[] = "~/src/oriel";

constexpr std::array<const char*, 12> kFiles = {
    "capture/region/region_info", "capture/device/vfio_user_device",
    "capture/damage/tile_scan",   "capture/display/plane_source",
    "encoder/lossless/intra",     "encoder/video/h264_encoder",
    "service/session/lane",       "service/session/viewer",
    "service/wire/serializer",    "clients/lib/apply_update",
    "base/picture/damage",        "service/rpc/display_service"};

constexpr std::array<const char*, 10> kSubjects = {
    "capture: Scan hot tiles first",
    "encoder: Carry only what a copy leaves",
    "session: Keep slow viewers off the fast lane",
    "capture: Let go of a device when its VM exits",
    "clients: Refuse an update onto another base",
    "proto: Say what a resync means",
    "encoder: Promote restless areas to video",
    "service: Publish by swapping a pointer",
    "docs: Draw the flow in one picture",
    "tests: Boot a real kernel in ten seconds"};

}  // namespace

struct Terminal::Job {
  const char* command;
  int lines;
  Line (Terminal::*make_line)();
};

const std::vector<Terminal::Job>& Terminal::Jobs() {
  static const std::vector<Job> kJobs = {
      {"bazel build //...", 64, &Terminal::CompileLine},
      {"bazel test //capture/... //encoder/...", 30, &Terminal::TestLine},
      {"git log --oneline --graph", 22, &Terminal::LogLine}};
  return kJobs;
}

Terminal::Terminal(std::shared_ptr<Theme> theme, const Rect& area)
    : theme_(std::move(theme)),
      area_(area),
      row_height_px_(theme_->mono->line_height_px() + theme_->Px(2)),
      rows_(std::max(1, area.height_px / row_height_px_)),
      cell_width_px_(theme_->mono->WidthPx("M")) {}

Damage Terminal::Advance(Duration elapsed, Canvas& canvas) {
  damage_.Clear();
  if (!begun_) {
    begun_ = true;
    while (job_ == 0) Step(canvas);
    next_step_ = elapsed + milliseconds(500);
  }
  if (elapsed - next_step_ > kLongestGap) next_step_ = elapsed - kLongestGap;
  while (next_step_ <= elapsed) next_step_ += Step(canvas);
  return damage_;
}

Duration Terminal::Step(Canvas& canvas) {
  const Job& job = Jobs()[job_];
  if (typed_ == 0) {
    StartJob();
    DrawSpans(canvas,
              {{kPrompt, palette::kGreen, true},
               {":", palette::kTerminalText},
               {kFolder, palette::kBlue, true},
               {"$ ", palette::kTerminalText}},
              row_);
    TypeCharacter(canvas);
    return seconds(1);
  }
  if (job.command[typed_] != '\0') {
    TypeCharacter(canvas);
    return milliseconds(60 + random_() % 90);
  }
  if (lines_left_ == job.lines) {
    DrawCursor(canvas, palette::kTerminal);
  }
  if (lines_left_-- > 0) {
    ++line_number_;
    PutLine(canvas, (this->*job.make_line)());
    return kLineInterval;
  }
  PutLine(canvas, {});
  job_ = (job_ + 1) % Jobs().size();
  typed_ = 0;
  return seconds(2);
}

void Terminal::StartJob() {
  column_ = 0;
  line_number_ = 0;
  lines_left_ = Jobs()[job_].lines;
}

void Terminal::TypeCharacter(Canvas& canvas) {
  DrawCursor(canvas, palette::kTerminal);
  const std::string key(1, Jobs()[job_].command[typed_++]);
  DrawSpans(canvas, {{key, palette::kTerminalText}}, row_);
  DrawCursor(canvas, palette::kTerminalText);
}

// Below the current row; the rows move up when there is none.
void Terminal::PutLine(Canvas& canvas, const Line& line) {
  column_ = 0;
  if (row_ + 1 < rows_) {
    ++row_;
  } else {
    const Rect text = {area_.x_px, area_.y_px, area_.width_px,
                       rows_ * row_height_px_};
    canvas.ScrollUp(text, row_height_px_);
    canvas.Clear(RowRect(row_), palette::kTerminal);
    damage_.Add(text);
  }
  DrawSpans(canvas, line, row_);
}

void Terminal::DrawSpans(Canvas& canvas, const Line& line, int32_t row) {
  const Rect rect = RowRect(row);
  const int32_t baseline = rect.y_px + theme_->mono->ascent_px();
  const auto columns = std::max(1, area_.width_px / cell_width_px_);
  for (const Span& span : line) {
    Font& font = span.bold ? *theme_->mono_bold : *theme_->mono;
    const std::string text =
        span.text.substr(0, std::max(0, columns - column_));
    const int32_t x = area_.x_px + column_ * cell_width_px_;
    font.Draw(canvas, x, baseline, text, span.color);
    column_ += static_cast<int32_t>(text.size());
    damage_.Add(Intersection(
        rect,
        {x, rect.y_px, static_cast<int32_t>(text.size()) * cell_width_px_ + 1,
         row_height_px_}));
  }
}

void Terminal::DrawCursor(Canvas& canvas, Color color) {
  Rect cell = RowRect(row_);
  cell.x_px += column_ * cell_width_px_ + 1;
  cell.width_px = cell_width_px_ - 1;
  cell = Intersection(cell, RowRect(row_));
  canvas.Clear(cell, color);
  damage_.Add(cell);
}

Rect Terminal::RowRect(int32_t row) const {
  return {area_.x_px, area_.y_px + row * row_height_px_, area_.width_px,
          row_height_px_};
}

Terminal::Line Terminal::CompileLine() {
  const char* file = kFiles[line_number_ * 5 % kFiles.size()];
  if (line_number_ == 64) {
    return {{"INFO: ", palette::kGreen, true},
            {"Build completed successfully, 64 total actions",
             palette::kTerminalText}};
  }
  return {{absl::StrFormat("[%2d / 64] ", line_number_), palette::kGreen},
          {"Compiling ", palette::kTerminalText},
          {absl::StrFormat("%s.cc", file), palette::kBlue},
          {absl::StrFormat("; %d.%ds", random_() % 4, random_() % 10),
           palette::kGrey}};
}

Terminal::Line Terminal::TestLine() {
  const std::string file = kFiles[line_number_ * 5 % kFiles.size()];
  const size_t slash = file.rfind('/');
  return {{absl::StrFormat("%-52s", "//" + file.substr(0, slash) + ":" +
                                        file.substr(slash + 1) + "_test"),
           palette::kTerminalText},
          {"PASSED", palette::kGreen, true},
          {absl::StrFormat(" in %d.%ds", random_() % 2, random_() % 10),
           palette::kGrey}};
}

Terminal::Line Terminal::LogLine() {
  return {
      {"* ", palette::kPurple, true},
      {absl::StrFormat("%07x ", random_() & 0xFFFFFFF), palette::kYellow},
      {kSubjects[line_number_ * 7 % kSubjects.size()], palette::kTerminalText}};
}

}  // namespace oriel::capture::sim
