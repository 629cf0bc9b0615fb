#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "capture/sim/scene.h"

namespace oriel::capture::sim {

struct DesktopOptions {
  Size size;
  int rate_hz = 30;         // of everything that moves, 1 to 120
  std::string format_name;  // shown in the window about the display
};

// A self-drawn desktop that is never at rest: clocks with seconds, a terminal
// with scrolling text, a window that is dragged about now and then, a film.
// kNotFound: its font is not installed.
absl::StatusOr<std::unique_ptr<Scene>> MakeDesktopScene(
    const DesktopOptions& options);

}  // namespace oriel::capture::sim
