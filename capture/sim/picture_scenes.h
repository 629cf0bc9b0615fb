#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "capture/sim/scene.h"

namespace oriel::capture::sim {

// PatternPixel(x, y) everywhere, at rest.
std::unique_ptr<Scene> MakePatternScene(Size size);

// A PNG file, at most 8192 pixels a side, in its own size; on black where it
// is transparent.
absl::StatusOr<std::unique_ptr<Scene>> LoadImageScene(const std::string& path);

}  // namespace oriel::capture::sim
