#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/picture/damage.h"
#include "capture/sim/canvas.h"
#include "capture/sim/film.h"
#include "capture/sim/scene.h"
#include "capture/sim/terminal.h"
#include "capture/sim/theme.h"

namespace oriel::capture::sim {

// One thing on the desktop: a canvas at a place. Thread-compatible.
class DesktopPart {
 public:
  virtual ~DesktopPart() = default;

  // Draws what is new; damage in screen coordinates.
  virtual Damage Draw(const SceneTime& time) = 0;

  const Canvas& canvas() const { return canvas_; }
  Point at() const { return at_; }
  Rect bounds() const {
    return {at_.x_px, at_.y_px, canvas_.size().width_px,
            canvas_.size().height_px};
  }
  // The part through which nothing below is seen, in screen coordinates.
  Rect opaque() const { return ToScreen(opaque_); }

 protected:
  DesktopPart(std::shared_ptr<Theme> theme, Canvas canvas, Point at)
      : theme_(std::move(theme)), canvas_(std::move(canvas)), at_(at) {}
  Rect ToScreen(const Rect& rect) const {
    return {rect.x_px + at_.x_px, rect.y_px + at_.y_px, rect.width_px,
            rect.height_px};
  }
  Damage ToScreen(const Damage& damage) const;

  std::shared_ptr<Theme> theme_;
  Canvas canvas_;
  Point at_;
  Rect opaque_;  // in the canvas
};

// From the lowest to the uppermost. `display_facts` are rows of name and
// value for the window that moves.
std::vector<std::unique_ptr<DesktopPart>> MakeDesktopParts(
    std::shared_ptr<Theme> theme, Size screen,
    const std::vector<std::pair<std::string, std::string>>& display_facts);

}  // namespace oriel::capture::sim
