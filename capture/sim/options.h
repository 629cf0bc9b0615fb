#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "capture/sim/framebuffer.h"
#include "capture/sim/virtual_device.h"

namespace oriel::capture::sim {

// The command line.
struct Options {
  std::string socket_path;
  std::string scene = "desktop";
  std::string mode = "1920x1080";
  std::string fourcc = "XR24";
  int rate_hz = 30;
  bool hide_plane_query = false;
  // "none", "plane" or "primary".
  std::string cursor = "none";
  bool print_config = false;
};

// "1920x1080"; 64x64 to 3840x2160.
absl::StatusOr<Size> ParseMode(const std::string& text);

// kInvalidArgument: the options contradict each other or name what there is
// not; anything else: the scene could not be made.
absl::StatusOr<std::unique_ptr<Framebuffer>> MakeFramebuffer(
    const Options& options);

// How the device of these options is, apart from its framebuffer.
absl::StatusOr<VirtualDeviceOptions> MakeDeviceOptions(const Options& options);

// The `framebuffer` message of orield's configuration (Display.framebuffer in
// oriel/config/v1/config.proto) for this plane, in protobuf text format.
std::string FramebufferConfig(const Plane& plane);

}  // namespace oriel::capture::sim
