#include <SDL2/SDL.h>

extern "C" {
#include <libavutil/log.h>
}

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/viewer/feed.h"
#include "clients/viewer/screen.h"
#include "clients/viewer/viewer_arguments.h"
#include "clients/viewer/window.h"

namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

int Fail(const std::string& what, int exit_code = kExitFailure) {
  std::cerr << "oriel-viewer: " << what << "\n";
  return exit_code;
}

int Print(const oriel::clients::ViewerAnswer& answer) {
  std::cout << answer.out << std::flush;
  const int error = errno;
  std::cerr << answer.err;
  if (std::cout.good()) return answer.exit_code;
  return Fail(std::string("cannot write to standard output: ") +
              std::strerror(error));
}

// SDL falls back to a driver without a screen; who wants that says so.
bool DriverShowsNothing() {
  const char* wanted = std::getenv("SDL_VIDEODRIVER");
  const char* driver = SDL_GetCurrentVideoDriver();
  if ((wanted != nullptr && *wanted != '\0') || driver == nullptr) return false;
  const std::string name = driver;
  return name == "offscreen" || name == "dummy" || name == "evdev";
}

int Show(const oriel::clients::ViewerArguments& arguments) {
  oriel::clients::Screen screen(oriel::clients::Window::Wake);
  const auto window =
      oriel::clients::Window::Open(screen, arguments.fullscreen);
  if (!window.ok()) return Fail(std::string(window.status().message()));
  oriel::clients::Feed feed(arguments.feed, screen);
  (*window)->Run();
  const absl::Status failure = feed.failure();
  return failure.ok() ? 0 : Fail(std::string(failure.message()), kExitUsage);
}

}  // namespace

// The desktop viewer; see docs/man/oriel-viewer.1.
int main(int argc, char** argv) {
  const auto parsed = oriel::clients::ParseViewerArguments(
      std::vector<std::string>(argv + 1, argv + argc));
  if (const auto* answer = std::get_if<oriel::clients::ViewerAnswer>(&parsed)) {
    return Print(*answer);
  }
  // A damaged access unit is the stream's matter, not the terminal's.
  av_log_set_level(AV_LOG_QUIET);
  // A viewer that only looks must not keep the monitor awake.
  SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
  if (SDL_Init(SDL_INIT_VIDEO) != 0) {
    return Fail(std::string("cannot open a window: ") + SDL_GetError() +
                "; is DISPLAY or WAYLAND_DISPLAY set?");
  }
  if (DriverShowsNothing()) {
    SDL_Quit();
    return Fail(
        "cannot open a window: no display server; is DISPLAY or "
        "WAYLAND_DISPLAY set?");
  }
  const int exit_code = Show(std::get<oriel::clients::ViewerArguments>(parsed));
  SDL_Quit();
  return exit_code;
}
