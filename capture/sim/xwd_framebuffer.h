#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "capture/sim/framebuffer.h"

namespace oriel::capture::sim {

// A running Xvfb's screen file (-fbdir) as it is: clients map the file that
// the X server draws into. Draw looks whether it still is: off when the file is
// gone, as when Xvfb has ended; ended when `path` is another screen by now.
absl::StatusOr<std::unique_ptr<Framebuffer>> OpenXwdFramebuffer(
    const std::string& path);

}  // namespace oriel::capture::sim
