#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "capture/sim/framebuffer.h"

namespace oriel::capture::sim {

// A running Xvfb's screen file (-fbdir) as it is: clients map the file that
// the X server draws into. Its size stays what it was when opened.
absl::StatusOr<std::unique_ptr<Framebuffer>> OpenXwdFramebuffer(
    const std::string& path);

}  // namespace oriel::capture::sim
