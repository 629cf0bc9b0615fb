#include <SDL2/SDL.h>

extern "C" {
#include <libavutil/log.h>
}

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

constexpr int kExitNoWindow = 1;

int Fail(const std::string& what) {
  std::cerr << "oriel-viewer: " << what << "\n";
  return kExitNoWindow;
}

int Show(const oriel::clients::ViewerArguments& arguments) {
  oriel::clients::Screen screen(oriel::clients::Window::Wake);
  const auto window =
      oriel::clients::Window::Open(screen, arguments.fullscreen);
  if (!window.ok()) return Fail(std::string(window.status().message()));
  const oriel::clients::Feed feed(arguments.feed, screen);
  (*window)->Run();
  return 0;
}

}  // namespace

// The desktop viewer; see docs/man/oriel-viewer.1.
int main(int argc, char** argv) {
  const auto parsed = oriel::clients::ParseViewerArguments(
      std::vector<std::string>(argv + 1, argv + argc));
  if (const auto* answer = std::get_if<oriel::clients::ViewerAnswer>(&parsed)) {
    std::cout << answer->out;
    std::cerr << answer->err;
    return answer->exit_code;
  }
  // A damaged access unit is the stream's matter, not the terminal's.
  av_log_set_level(AV_LOG_QUIET);
  // A viewer that only looks must not keep the monitor awake.
  SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
  if (SDL_Init(SDL_INIT_VIDEO) != 0) {
    return Fail(std::string("cannot open a window: ") + SDL_GetError() +
                "; is DISPLAY or WAYLAND_DISPLAY set?");
  }
  const int exit_code = Show(std::get<oriel::clients::ViewerArguments>(parsed));
  SDL_Quit();
  return exit_code;
}
