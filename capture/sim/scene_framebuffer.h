#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "base/picture/rect.h"
#include "capture/sim/framebuffer.h"
#include "capture/sim/pixel_writer.h"
#include "capture/sim/scene.h"

namespace oriel::capture::sim {

// The region is made for this mode, so that a client's mapping stays right
// whatever mode follows.
inline constexpr Size kLargestMode = {3840, 2160};

// A memfd that a scene is drawn into, in the writer's format. Draw writes only
// the pixels that changed, each once. Sealed: clients can neither shrink nor,
// where the kernel knows that seal, write it.
absl::StatusOr<std::unique_ptr<Framebuffer>> MakeSceneFramebuffer(
    std::unique_ptr<Scene> scene, const PixelWriter& writer);

}  // namespace oriel::capture::sim
