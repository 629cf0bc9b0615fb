#pragma once

#include <chrono>
#include <ctime>
#include <optional>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/picture/damage.h"
#include "base/picture/rect.h"
#include "capture/sim/canvas.h"

namespace oriel::capture::sim {

struct SceneTime {
  Duration elapsed{};    // since the scene began; never goes back
  std::time_t wall = 0;  // what a clock in the picture shows, local time
};

// What the virtual vGPU shows: pixels that follow from the time alone, so that
// tests choose it. Thread-compatible.
class Scene {
 public:
  virtual ~Scene() = default;

  virtual const Canvas& canvas() const = 0;
  // Whether SetSize works; a scene that is a given picture keeps its size.
  virtual bool resizable() const = 0;
  // Everything is damaged by the next Draw. Only when resizable(); after an
  // error the scene is as before.
  virtual absl::Status SetSize(Size size) = 0;
  // Brings the canvas up to `time`; says what changed since the last Draw, at
  // first everything.
  virtual Damage Draw(const SceneTime& time) = 0;
  // When Draw would next change something; empty: never.
  virtual std::optional<Duration> NextChange(const SceneTime& time) const = 0;
};

}  // namespace oriel::capture::sim
