#pragma once

#include <cstdint>
#include <vector>

#include "capture/sim/canvas.h"

namespace oriel::capture::sim {

// An endless film: northern lights over a lake. Smooth, moving gradients that
// no lossless codec likes, cheap to draw. Thread-compatible.
class Film {
 public:
  explicit Film(Size size);

  // Fills `area` (of this film's size) of the canvas.
  void DrawFrame(double seconds, Canvas& canvas, const Rect& area);

 private:
  struct Curtain {
    std::vector<int32_t> edge_px;     // lower edge, for each x
    std::vector<uint32_t> intensity;  // 0 to 256, for each x
  };
  struct Star {
    int32_t x_px, y_px;
    double phase;
  };

  void MoveCurtain(double seconds, double speed, double height, Curtain& out);
  void DrawSky(double seconds, Canvas& canvas, const Rect& area);
  void DrawHills(double seconds, Canvas& canvas, const Rect& area);
  void DrawLake(double seconds, Canvas& canvas, const Rect& area);

  const Size size_;
  const int32_t horizon_px_;
  std::vector<uint32_t> glow_;  // 0 to 256, by height above a curtain's edge
  Curtain green_;
  Curtain violet_;
  std::vector<Star> stars_;
};

}  // namespace oriel::capture::sim
