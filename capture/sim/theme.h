#pragma once

#include <cmath>
#include <memory>

#include "absl/status/statusor.h"
#include "base/picture/rect.h"
#include "capture/sim/canvas.h"
#include "capture/sim/font.h"

namespace oriel::capture::sim {

// The colours of the desktop scene.
namespace palette {
inline constexpr Color kWindow = Opaque(0xF5F6F8);
inline constexpr Color kTitleBar = Opaque(0x2B303B);
inline constexpr Color kTitleText = Opaque(0xD8DEE9);
inline constexpr Color kText = Opaque(0x2B303B);
inline constexpr Color kFaintText = Opaque(0x7B8494);
inline constexpr Color kAccent = Opaque(0xE8945A);
inline constexpr Color kTerminal = Opaque(0x1B1F27);
inline constexpr Color kTerminalText = Opaque(0xC9D1DC);
inline constexpr Color kGreen = Opaque(0x8FC98B);
inline constexpr Color kBlue = Opaque(0x7FB2E5);
inline constexpr Color kYellow = Opaque(0xE6C27A);
inline constexpr Color kPurple = Opaque(0xBFA0DE);
inline constexpr Color kGrey = Opaque(0x6F7A8C);
inline constexpr Color kWhite = Opaque(0xFFFFFF);
}  // namespace palette

// Measures of the desktop scene: drawn for 1920x1080, scaled for other sizes.
struct Theme {
  static absl::StatusOr<std::shared_ptr<Theme>> Load(Size screen);

  int32_t Px(double measure) const {
    return static_cast<int32_t>(std::lround(measure * unit));
  }

  double unit = 1;
  std::unique_ptr<Font> text;
  std::unique_ptr<Font> text_bold;
  std::unique_ptr<Font> heading;
  std::unique_ptr<Font> mono;
  std::unique_ptr<Font> mono_bold;
  std::unique_ptr<Font> date;
  std::unique_ptr<Font> clock;
};

// A window's canvas: shadow, frame and title bar, with `content` left to draw.
struct WindowFrame {
  // `content_size` without the title bar.
  static WindowFrame Make(Theme& theme, Size content_size,
                          const std::string& title, Color background);

  Canvas canvas;
  Point corner;  // of the visible window in the canvas
  Rect content;  // in the canvas
};

}  // namespace oriel::capture::sim
