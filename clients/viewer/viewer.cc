#include <SDL2/SDL.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

extern "C" {
#include <libavutil/log.h>
}

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/start_thread.h"
#include "base/stop_guard.h"
#include "base/unique_fd.h"
#include "clients/viewer/feed.h"
#include "clients/viewer/screen.h"
#include "clients/viewer/viewer_arguments.h"
#include "clients/viewer/window.h"

namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
// For a server that is silent: a viewer has nothing to lose.
constexpr std::chrono::seconds kFeedPatience(1);
// For a display server that is silent, too.
constexpr std::chrono::seconds kStopPatience(3);

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

// Closes the window at the wish to stop. On a thread of its own, because SDL
// waits for the display server to wake the window.
class QuitOnStop {
 public:
  // `guard` outlives it.
  explicit QuitOnStop(const oriel::StopGuard& guard)
      : wake_(eventfd(0, EFD_CLOEXEC)),
        thread_(oriel::StartThread("quit", [this, stop = guard.stop_fd()] {
          pollfd fds[] = {{stop, POLLIN, 0}, {wake_.get(), POLLIN, 0}};
          while (poll(fds, std::size(fds), -1) < 0) {
          }
          SDL_Event quit{};
          quit.type = SDL_QUIT;
          if (fds[0].revents != 0) SDL_PushEvent(&quit);
        })) {}
  ~QuitOnStop() {
    eventfd_write(wake_.get(), 1);
    if (thread_.ok()) thread_->join();
  }
  QuitOnStop(const QuitOnStop&) = delete;
  QuitOnStop& operator=(const QuitOnStop&) = delete;

  absl::Status status() const { return thread_.status(); }

 private:
  const oriel::UniqueFd wake_;
  absl::StatusOr<std::thread> thread_;
};

int Show(const oriel::clients::ViewerArguments& arguments,
         oriel::StopGuard& guard) {
  oriel::clients::Screen screen(oriel::clients::Window::Wake);
  const auto window =
      oriel::clients::Window::Open(screen, arguments.fullscreen);
  if (!window.ok()) return Fail(std::string(window.status().message()));
  const QuitOnStop quit(guard);
  if (!quit.status().ok()) return Fail(std::string(quit.status().message()));
  oriel::clients::Feed feed(arguments.feed, screen);
  (*window)->Run();
  guard.BeginEnd();
  const absl::Status failure = feed.failure();
  const int exit_code =
      failure.ok() ? 0 : Fail(std::string(failure.message()), kExitUsage);
  if (!feed.Stop(kFeedPatience)) _exit(exit_code);
  return exit_code;
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
  // Before SDL is there, nobody is to be asked.
  const auto guard = oriel::StopGuard::Start(
      {.program = "oriel-viewer", .patience = kStopPatience, .on_stop = [] {
         return SDL_WasInit(SDL_INIT_VIDEO) != 0;
       }});
  if (!guard.ok()) return Fail(std::string(guard.status().message()));
  SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
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
  const int exit_code =
      Show(std::get<oriel::clients::ViewerArguments>(parsed), **guard);
  SDL_Quit();
  return exit_code;
}
