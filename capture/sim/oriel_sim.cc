// oriel-sim: a vGPU that there is not, behind a vfio-user socket.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/command_line.h"
#include "base/log.h"
#include "base/picture/pixel_format.h"
#include "base/status_macros.h"
#include "base/stop_guard.h"
#include "base/unix_listener.h"
#include "capture/sim/listener.h"
#include "capture/sim/options.h"
#include "capture/sim/server.h"
#include "capture/sim/virtual_device.h"

namespace {

using namespace oriel;
using namespace oriel::capture::sim;

constexpr char kProgram[] = "oriel-sim";
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr Duration kStopPatience = std::chrono::seconds(3);

constexpr char kExamples[] =
    "Examples:\n"
    "  oriel-sim --socket /tmp/vgpu.sock\n"
    "      a lively desktop of 1920x1080 for one or many clients\n"
    "  oriel-sim --socket /tmp/vgpu.sock --scene pattern --mode 1280x720 "
    "--fourcc RG16\n"
    "      known pixels (capture/sim/pattern.h) in 16 bits\n"
    "  oriel-sim --socket /tmp/vgpu.sock --scene image:picture.png\n"
    "  oriel-sim --socket /tmp/vgpu.sock --scene xwd:/tmp/fb/Xvfb_screen0\n"
    "      what programs draw on: Xvfb :9 -screen 0 1920x1080x24 -fbdir "
    "/tmp/fb\n"
    "  oriel-sim --scene xwd:/tmp/fb/Xvfb_screen0 --print-config\n"
    "      where that picture lies, for orield's configuration\n"
    "Ends with 0 after SIGINT, SIGTERM or SIGHUP, 1 when something fails, 2 "
    "when the command line is wrong.";

void AddOptions(CLI::App& app, Options& options) {
  app.footer(kExamples);
  app.add_option("--socket", options.socket_path,
                 "The UNIX socket to listen on; a stale one is replaced")
      ->type_name("PATH");
  app.add_option("--scene", options.scene,
                 "desktop, pattern, image:FILE (a PNG) or xwd:FILE (a running "
                 "Xvfb's screen file)")
      ->type_name("SCENE")
      ->capture_default_str();
  app.add_option("--mode", options.mode,
                 "The first mode; an EDID can change it, up to 3840x2160. "
                 "image and xwd have their own")
      ->type_name("WxH")
      ->capture_default_str();
  app.add_option("--fourcc", options.fourcc,
                 "XR24, AR24, XB24, AB24, RG24, BG24, RG16, XR30 or XB30")
      ->type_name("FORMAT")
      ->capture_default_str();
  app.add_option("--rate", options.rate_hz,
                 "How often a second the desktop moves")
      ->type_name("HZ")
      ->check(CLI::Range(1, 120))
      ->capture_default_str();
  app.add_flag("--cursor{plane}", options.cursor,
               "A pointer moves on a cursor plane of its own; "
               "--cursor=primary: asked for that plane, the device answers "
               "with its picture, as mdpy does");
  app.add_flag("--hide-plane-query", options.hide_plane_query,
               "Offer the framebuffer by region type and subtype only");
  app.add_flag("--print-config", options.print_config,
               "Print the framebuffer's place for orield's configuration "
               "and end");
}

// The device of these options; its framebuffer is opened anew.
absl::StatusOr<std::unique_ptr<VirtualDevice>> MakeDevice(
    const Options& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<Framebuffer> framebuffer,
                   MakeFramebuffer(options));
  ASSIGN_OR_RETURN(VirtualDeviceOptions device_options,
                   MakeDeviceOptions(options));
  return std::make_unique<VirtualDevice>(std::move(framebuffer),
                                         std::move(device_options));
}

absl::Status Serve(const Options& options,
                   std::unique_ptr<VirtualDevice> device, int stop_fd) {
  ASSIGN_OR_RETURN(Listener listener, Listener::Open(options.socket_path));
  const char* event = "listening on";
  for (;;) {
    const Plane plane = device->framebuffer().plane();
    std::fprintf(stderr, "oriel-sim: %s %s, %dx%d %s, scene %s\n", event,
                 options.socket_path.c_str(), plane.size.width_px,
                 plane.size.height_px, FourccName(plane.fourcc).c_str(),
                 options.scene.c_str());
    const absl::Status status = Server(*device, &listener).Run(stop_fd);
    if (!absl::IsAborted(status)) return status;
    std::fprintf(stderr, "oriel-sim: %s; clients are to connect again\n",
                 std::string(status.message()).c_str());
    // Where it has just gone again, the old one looks when a client comes.
    if (auto next = MakeDevice(options); next.ok()) device = *std::move(next);
    event = "another device at";
  }
}

absl::Status Run(const Options& options) {
  if (options.socket_path.empty() && !options.print_config) {
    return absl::InvalidArgumentError("--socket PATH is required");
  }
  ASSIGN_OR_RETURN(std::unique_ptr<VirtualDevice> device, MakeDevice(options));
  if (options.print_config) {
    return WriteToStandardOutput(
        FramebufferConfig(device->framebuffer().plane()));
  }
  // The socket's file goes at the first signal: the next one can start then.
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StopGuard> guard,
      StopGuard::Start(
          {.program = "oriel-sim", .patience = kStopPatience, .on_stop = [] {
             UnixListener::UnpublishAll();
             return true;
           }}));
  return Serve(options, std::move(device), guard->stop_fd());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Plays a vGPU: everything of Oriel on a machine without one.");
  NameProgram(app, kProgram);
  AddOptions(app, options);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (const auto answer = ParseCommandLine(app, arguments)) {
    return PrintAnswer(kProgram, *answer);
  }
  InitLogging("info");
  const absl::Status status = Run(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", kProgram,
               std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? kWrongUsage : kFailed;
}
