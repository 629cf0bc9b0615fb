#include "capture/sim/desktop_parts.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"

namespace oriel::capture::sim {
namespace {

std::string FormatTime(const char* format, std::time_t wall) {
  std::tm local{};
  localtime_r(&wall, &local);
  char text[64];
  const size_t length = std::strftime(text, sizeof(text), format, &local);
  return std::string(text, length);
}

double Seconds(Duration elapsed) {
  return std::chrono::duration<double>(elapsed).count();
}

// Large digits on the wallpaper.
class ClockPart : public DesktopPart {
 public:
  ClockPart(std::shared_ptr<Theme> theme, Point at)
      : DesktopPart(theme, Canvas({theme->Px(620), theme->Px(200)}), at) {}

  Damage Draw(const SceneTime& time) override {
    const std::string clock = FormatTime("%H:%M:%S", time.wall);
    if (clock == shown_) return {};
    shown_ = clock;
    canvas_.Clear(canvas_.bounds(), 0);
    DrawSoft(*theme_->clock, theme_->Px(130), clock);
    DrawSoft(*theme_->date, theme_->Px(182),
             FormatTime("%A, %e %B", time.wall));
    return Damage(bounds());
  }

 private:
  void DrawSoft(Font& font, int32_t baseline_px, const std::string& text) {
    const int32_t shift = std::max(1, theme_->Px(2));
    font.Draw(canvas_, theme_->Px(10) + shift, baseline_px + shift, text,
              WithAlpha(0x10182C, 90));
    font.Draw(canvas_, theme_->Px(10), baseline_px, text,
              WithAlpha(0xFFFFFF, 240));
  }

  std::string shown_;
};

class TerminalPart : public DesktopPart {
 public:
  static std::unique_ptr<DesktopPart> Make(std::shared_ptr<Theme> theme,
                                           Point at, Size content) {
    WindowFrame frame = WindowFrame::Make(
        *theme, content, "you@oriel: ~/src/oriel", palette::kTerminal);
    const int32_t margin = theme->Px(12);
    Rect text = frame.content;
    text.x_px += margin;
    text.y_px += margin;
    text.width_px -= 2 * margin;
    text.height_px -= 2 * margin;
    at.x_px -= frame.corner.x_px;
    at.y_px -= frame.corner.y_px;
    return std::make_unique<TerminalPart>(theme, std::move(frame), at, text);
  }
  TerminalPart(std::shared_ptr<Theme> theme, WindowFrame frame, Point at,
               const Rect& text)
      : DesktopPart(theme, std::move(frame.canvas), at),
        terminal_(theme, text) {
    opaque_ = text;
  }

  Damage Draw(const SceneTime& time) override {
    return ToScreen(terminal_.Advance(time.elapsed, canvas_));
  }

 private:
  Terminal terminal_;
};

class FilmPart : public DesktopPart {
 public:
  static std::unique_ptr<DesktopPart> Make(std::shared_ptr<Theme> theme,
                                           Point at, Size film) {
    const int32_t controls = theme->Px(46);
    WindowFrame frame =
        WindowFrame::Make(*theme, {film.width_px, film.height_px + controls},
                          "northern-lights.mkv", Opaque(0x20242D));
    at.x_px -= frame.corner.x_px;
    at.y_px -= frame.corner.y_px;
    return std::make_unique<FilmPart>(theme, std::move(frame), at, film);
  }
  FilmPart(std::shared_ptr<Theme> theme, WindowFrame frame, Point at, Size film)
      : DesktopPart(theme, std::move(frame.canvas), at),
        film_(film),
        area_{frame.content.x_px, frame.content.y_px, film.width_px,
              film.height_px},
        controls_{area_.x_px, area_.bottom_px(), area_.width_px,
                  frame.content.bottom_px() - area_.bottom_px()} {
    opaque_ = area_;
    DrawPauseSign();
  }

  Damage Draw(const SceneTime& time) override {
    constexpr int kLengthSeconds = 260;
    const double seconds = Seconds(time.elapsed);
    film_.DrawFrame(seconds, canvas_, area_);
    Damage damage(area_);
    const int shown = static_cast<int>(std::fmod(seconds, kLengthSeconds));
    if (shown != shown_seconds_) {
      shown_seconds_ = shown;
      damage.Add(DrawProgress(shown, kLengthSeconds));
    }
    return ToScreen(damage);
  }

 private:
  void DrawPauseSign() {
    const int32_t y = controls_.y_px + controls_.height_px / 2;
    for (double x : {22.0, 31.0}) {
      canvas_.FillRounded({controls_.x_px + theme_->Px(x), y - theme_->Px(9),
                           theme_->Px(5), theme_->Px(18)},
                          theme_->Px(2), palette::kTitleText);
    }
  }

  Rect DrawProgress(int shown, int length) {
    Rect line = controls_;
    line.x_px += theme_->Px(52);
    line.width_px -= theme_->Px(72);
    canvas_.Clear(line, Opaque(0x20242D));
    const int32_t middle = line.y_px + line.height_px / 2;
    const std::string text = absl::StrFormat(
        "%d:%02d / %d:%02d", shown / 60, shown % 60, length / 60, length % 60);
    const int32_t text_width = theme_->text->WidthPx(text);
    theme_->text->Draw(canvas_, line.right_px() - text_width,
                       middle + theme_->Px(5.5), text, palette::kTitleText);
    Rect bar = {line.x_px + theme_->Px(8), middle - theme_->Px(2.5),
                line.width_px - text_width - theme_->Px(32), theme_->Px(5)};
    canvas_.FillRounded(bar, theme_->Px(3), Opaque(0x454C5A));
    bar.width_px = std::max(theme_->Px(6), bar.width_px * shown / length);
    canvas_.FillRounded(bar, theme_->Px(3), palette::kAccent);
    canvas_.FillCircle(bar.right_px(), middle, theme_->unit * 7,
                       palette::kWhite);
    return line;
  }

  Film film_;
  const Rect area_;
  const Rect controls_;
  int shown_seconds_ = -1;
};

// Rests for three seconds at each corner of its way, then is dragged on.
class AboutPart : public DesktopPart {
 public:
  AboutPart(std::shared_ptr<Theme> theme, WindowFrame frame,
            std::vector<Point> way,
            const std::vector<std::pair<std::string, std::string>>& facts)
      : DesktopPart(theme, std::move(frame.canvas), way.front()),
        way_(std::move(way)) {
    const Rect content = frame.content;
    DrawLogo(content.x_px + theme->Px(70), content.y_px + theme->Px(78));
    theme->heading->Draw(canvas_, content.x_px + theme->Px(138),
                         content.y_px + theme->Px(52), "Oriel virtual display",
                         palette::kText);
    int32_t y = content.y_px + theme->Px(88);
    for (const auto& [name, value] : facts) {
      theme->text->Draw(canvas_, content.x_px + theme->Px(138), y, name,
                        palette::kFaintText);
      theme->text->Draw(canvas_, content.x_px + theme->Px(238), y, value,
                        palette::kText);
      y += theme->Px(27);
    }
    opaque_ = content;
    opaque_.height_px -= theme->Px(10);
  }

  Damage Draw(const SceneTime& time) override {
    const Point next = PlaceAt(Seconds(time.elapsed));
    if (drawn_ && next.x_px == at_.x_px && next.y_px == at_.y_px) return {};
    Damage damage;
    if (drawn_) damage.Add(bounds());
    at_ = next;
    drawn_ = true;
    damage.Add(bounds());
    return damage;
  }

 private:
  // A bay window: what an oriel is.
  void DrawLogo(int32_t x, int32_t y) {
    const double u = theme_->unit;
    const Color frame = Opaque(0x4B5C82);
    canvas_.FillRounded({x - theme_->Px(44), y - theme_->Px(46), theme_->Px(88),
                         theme_->Px(92)},
                        theme_->Px(18), Opaque(0xE3E8F2));
    canvas_.FillRounded({x - theme_->Px(27), y - theme_->Px(32), theme_->Px(54),
                         theme_->Px(54)},
                        theme_->Px(8), frame);
    for (int column = 0; column < 2; ++column) {
      for (int row = 0; row < 2; ++row) {
        canvas_.FillRounded(
            {x + theme_->Px(-22 + 23.0 * column),
             y + theme_->Px(-27 + 23.0 * row), theme_->Px(20), theme_->Px(20)},
            theme_->Px(3), row == 0 ? palette::kAccent : Opaque(0xF3C99A));
      }
    }
    canvas_.Line(x - 33 * u, y + 26 * u, x + 33 * u, y + 26 * u, 5 * u, frame);
    canvas_.Line(x - 20 * u, y + 34 * u, x + 20 * u, y + 34 * u, 5 * u, frame);
  }

  Point PlaceAt(double seconds) const {
    constexpr double kRest = 3;
    constexpr double kDrag = 6;
    const double leg = seconds / (kRest + kDrag);
    const auto from = static_cast<size_t>(leg) % way_.size();
    const double t = std::clamp(
        ((leg - std::floor(leg)) * (kRest + kDrag) - kRest) / kDrag, 0.0, 1.0);
    const double done = t * t * (3 - 2 * t);
    const Point a = way_[from];
    const Point b = way_[(from + 1) % way_.size()];
    return {
        a.x_px + static_cast<int32_t>(std::lround((b.x_px - a.x_px) * done)),
        a.y_px + static_cast<int32_t>(std::lround((b.y_px - a.y_px) * done))};
  }

  const std::vector<Point> way_;
  bool drawn_ = false;
};

class PanelPart : public DesktopPart {
 public:
  PanelPart(std::shared_ptr<Theme> theme, Size screen)
      : DesktopPart(theme, Canvas({screen.width_px, theme->Px(36)}), {}) {}

  Damage Draw(const SceneTime& time) override {
    const std::string clock = FormatTime("%a %e %b   %H:%M:%S", time.wall);
    if (clock == shown_) return {};
    const bool first = shown_.empty();
    shown_ = clock;
    const int32_t width = theme_->Px(300);
    const Rect middle = {(canvas_.size().width_px - width) / 2, 0, width,
                         canvas_.size().height_px};
    const int32_t baseline = theme_->Px(23.5);
    canvas_.Clear(first ? canvas_.bounds() : middle, kBackground);
    theme_->text_bold->Draw(
        canvas_,
        (canvas_.size().width_px - theme_->text_bold->WidthPx(clock)) / 2,
        baseline, clock, palette::kWhite);
    if (!first) return Damage(middle);
    DrawMenu(baseline);
    DrawSigns(canvas_.size().width_px, canvas_.size().height_px / 2.0);
    return Damage(bounds());
  }

 private:
  static constexpr Color kBackground = WithAlpha(0x141A2C, 215);

  void DrawMenu(int32_t baseline) {
    int32_t x = theme_->text_bold->Draw(canvas_, theme_->Px(22), baseline,
                                        "Oriel", palette::kAccent);
    for (const char* name : {"File", "Edit", "View", "Window", "Help"}) {
      x = theme_->text->Draw(canvas_, x + theme_->Px(24), baseline, name,
                             Opaque(0xD5DBE6));
    }
  }

  // Network, sound, battery.
  void DrawSigns(double right, double middle) {
    const double u = theme_->unit;
    const Color color = Opaque(0xD5DBE6);
    for (int bar = 0; bar < 4; ++bar) {
      const double x = right - (124 - 6 * bar) * u;
      canvas_.Line(x, middle + 6 * u, x, middle + (3 - 3 * bar) * u, 3 * u,
                   color);
    }
    canvas_.FillRounded(
        {static_cast<int32_t>(right - 86 * u),
         static_cast<int32_t>(middle - 3 * u), theme_->Px(5), theme_->Px(7)},
        1, color);
    for (int i = 0; i < 5; ++i) {
      const double x = right - (81 - i) * u;
      canvas_.Line(x, middle - (2 + i) * u, x, middle + (2 + i) * u, u, color);
    }
    canvas_.Line(right - 71 * u, middle - 4 * u, right - 71 * u, middle + 4 * u,
                 2 * u, color);
    canvas_.FillRounded(
        {static_cast<int32_t>(right - 52 * u),
         static_cast<int32_t>(middle - 6 * u), theme_->Px(26), theme_->Px(13)},
        theme_->Px(3), color);
    canvas_.FillRounded(
        {static_cast<int32_t>(right - 50 * u),
         static_cast<int32_t>(middle - 4 * u), theme_->Px(16), theme_->Px(9)},
        theme_->Px(2), palette::kGreen);
  }

  std::string shown_;
};

class DockPart : public DesktopPart {
 public:
  DockPart(std::shared_ptr<Theme> theme, Size screen)
      : DesktopPart(theme, Canvas({theme->Px(470), theme->Px(78)}),
                    {(screen.width_px - theme->Px(470)) / 2,
                     screen.height_px - theme->Px(92)}) {
    canvas_.FillRounded(canvas_.bounds(), theme->Px(20),
                        WithAlpha(0xE9EDF5, 110));
    const struct {
      Color top, bottom;
      const char* letter;
    } kIcons[] = {{Opaque(0x6FA8EE), Opaque(0x3D74C4), "F"},
                  {Opaque(0x4A5163), Opaque(0x262B38), ">_"},
                  {Opaque(0xF2B36B), Opaque(0xD9783E), "W"},
                  {Opaque(0x9ED394), Opaque(0x56A05B), "N"},
                  {Opaque(0xC9A4EA), Opaque(0x8760BF), "▶"},
                  {Opaque(0xE98A8F), Opaque(0xBF4F62), "♪"},
                  {Opaque(0xA9B3C4), Opaque(0x6C788D), "⚙"}};
    int32_t x = theme->Px(15);
    for (const auto& icon : kIcons) {
      DrawIcon({x, theme->Px(12), theme->Px(52), theme->Px(52)}, icon.top,
               icon.bottom, icon.letter);
      x += theme->Px(64.5);
    }
  }

  Damage Draw(const SceneTime&) override {
    return std::exchange(drawn_, true) ? Damage() : Damage(bounds());
  }

 private:
  void DrawIcon(const Rect& rect, Color top, Color bottom,
                const std::string& letter) {
    canvas_.FillRounded(rect, theme_->Px(13), bottom);
    canvas_.FillRounded(
        {rect.x_px, rect.y_px, rect.width_px, rect.height_px - theme_->Px(3)},
        theme_->Px(13), Mix(top, bottom, 90));
    theme_->heading->Draw(
        canvas_,
        rect.x_px + (rect.width_px - theme_->heading->WidthPx(letter)) / 2,
        rect.y_px + rect.height_px / 2 + theme_->Px(7), letter,
        palette::kWhite);
  }

  bool drawn_ = false;
};

std::unique_ptr<DesktopPart> MakeAbout(
    std::shared_ptr<Theme> theme, Size screen,
    const std::vector<std::pair<std::string, std::string>>& facts) {
  WindowFrame frame =
      WindowFrame::Make(*theme, {theme->Px(500), theme->Px(200)},
                        "About this display", palette::kWindow);
  std::vector<Point> way;
  for (const auto& [x, y] :
       {std::pair{0.60, 0.66}, {0.50, 0.62}, {0.655, 0.58}, {0.68, 0.67}}) {
    way.push_back({static_cast<int32_t>(screen.width_px * x),
                   static_cast<int32_t>(screen.height_px * y)});
  }
  return std::make_unique<AboutPart>(theme, std::move(frame), std::move(way),
                                     facts);
}

}  // namespace

Damage DesktopPart::ToScreen(const Damage& damage) const {
  Damage moved;
  for (const Rect& rect : damage.Rects()) moved.Add(ToScreen(rect));
  return moved;
}

std::vector<std::unique_ptr<DesktopPart>> MakeDesktopParts(
    std::shared_ptr<Theme> theme, Size screen,
    const std::vector<std::pair<std::string, std::string>>& display_facts) {
  const int32_t left = (screen.width_px - theme->Px(1920)) / 2;
  const int32_t top = (screen.height_px - theme->Px(1080)) / 2;
  const auto at = [&](double x, double y) {
    return Point{left + theme->Px(x), top + theme->Px(y)};
  };
  std::vector<std::unique_ptr<DesktopPart>> parts;
  parts.push_back(std::make_unique<ClockPart>(theme, at(96, 740)));
  parts.push_back(
      TerminalPart::Make(theme, at(90, 100), {theme->Px(880), theme->Px(560)}));
  parts.push_back(
      FilmPart::Make(theme, at(1050, 84), {theme->Px(784), theme->Px(441)}));
  parts.push_back(MakeAbout(theme, screen, display_facts));
  parts.push_back(std::make_unique<PanelPart>(theme, screen));
  parts.push_back(std::make_unique<DockPart>(theme, screen));
  return parts;
}

}  // namespace oriel::capture::sim
