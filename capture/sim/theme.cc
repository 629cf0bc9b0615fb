#include "capture/sim/theme.h"

#include <algorithm>

#include "base/status_macros.h"

namespace oriel::capture::sim {

absl::StatusOr<std::shared_ptr<Theme>> Theme::Load(Size screen) {
  auto theme = std::make_shared<Theme>();
  theme->unit = std::clamp(
      std::min(screen.width_px / 1920.0, screen.height_px / 1080.0), 0.3, 2.5);
  const auto load = [&](Typeface typeface, double size) {
    return Font::Load(typeface, std::max(6, theme->Px(size)));
  };
  ASSIGN_OR_RETURN(theme->text, load(Typeface::kSans, 15));
  ASSIGN_OR_RETURN(theme->text_bold, load(Typeface::kSansBold, 15));
  ASSIGN_OR_RETURN(theme->heading, load(Typeface::kSansBold, 22));
  ASSIGN_OR_RETURN(theme->mono, load(Typeface::kMono, 15));
  ASSIGN_OR_RETURN(theme->mono_bold, load(Typeface::kMonoBold, 15));
  ASSIGN_OR_RETURN(theme->date, load(Typeface::kSans, 30));
  ASSIGN_OR_RETURN(theme->clock, load(Typeface::kSans, 118));
  return theme;
}

WindowFrame WindowFrame::Make(Theme& theme, Size content_size,
                              const std::string& title, Color background) {
  const int32_t blur = theme.Px(28);
  const int32_t drop = theme.Px(8);
  const int32_t bar = theme.Px(38);
  const int32_t radius = theme.Px(10);
  const Rect window = {blur, blur - drop, content_size.width_px,
                       content_size.height_px + bar};
  WindowFrame frame;
  frame.canvas =
      Canvas({window.width_px + 2 * blur, window.height_px + 2 * blur});
  frame.corner = {window.x_px, window.y_px};
  frame.content = {window.x_px, window.y_px + bar, content_size.width_px,
                   content_size.height_px};
  Rect shadow = window;
  shadow.y_px += drop;
  frame.canvas.Shadow(shadow, radius, blur, 120);
  frame.canvas.FillRounded(window, radius, background);
  // The bar's upper corners are round, its lower ones are not.
  frame.canvas.FillRounded(
      {window.x_px, window.y_px, window.width_px, bar + radius}, radius,
      palette::kTitleBar);
  frame.canvas.Fill({window.x_px, window.y_px + bar, window.width_px, radius},
                    background);

  const double middle = window.y_px + bar / 2.0;
  const Color kButtons[] = {Opaque(0xED6A5E), Opaque(0xF4BF4F),
                            Opaque(0x61C554)};
  double x = window.x_px + theme.Px(20);
  for (Color color : kButtons) {
    frame.canvas.FillCircle(x, middle, theme.unit * 6.5, color);
    x += theme.unit * 21;
  }
  const int32_t text_x =
      window.x_px + (window.width_px - theme.text->WidthPx(title)) / 2;
  theme.text->Draw(frame.canvas, text_x,
                   static_cast<int32_t>(middle + theme.unit * 5.5), title,
                   palette::kTitleText);
  return frame;
}

}  // namespace oriel::capture::sim
