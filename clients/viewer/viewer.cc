#include <SDL2/SDL.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

extern "C" {
#include <libavutil/log.h>
}

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/command_line.h"
#include "base/start_thread.h"
#include "base/status_macros.h"
#include "base/stop_guard.h"
#include "base/unique_fd.h"
#include "clients/viewer/feed.h"
#include "clients/viewer/first_look.h"
#include "clients/viewer/screen.h"
#include "clients/viewer/viewer_arguments.h"
#include "clients/viewer/window.h"

namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr int kExitNoSuchDisplay = 3;
constexpr int kExitUnavailable = 4;
// For a server that is silent: a viewer has nothing to lose.
constexpr std::chrono::seconds kFeedPatience(1);
// For a display server that is silent, too.
constexpr std::chrono::seconds kStopPatience(3);

int Fail(const std::string& what, int exit_code = kExitFailure) {
  std::cerr << "oriel-viewer: " << what << "\n";
  return exit_code;
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

// As `oriel` ends.
int Conclude(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kInvalidArgument:
      return Fail(std::string(status.message()), kExitUsage);
    case absl::StatusCode::kNotFound:
      return Fail(std::string(status.message()), kExitNoSuchDisplay);
    case absl::StatusCode::kUnavailable:
      return Fail(std::string(status.message()), kExitUnavailable);
    default:
      return Fail(std::string(status.message()));
  }
}

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
  const int exit_code = Conclude(feed.failure());
  if (!feed.Stop(kFeedPatience)) _exit(exit_code);
  return exit_code;
}

// Before there is a window: what is wrong is said where it was typed.
absl::Status FindDisplay(oriel::clients::ViewerArguments& arguments) {
  if (arguments.wait) return absl::OkStatus();
  ASSIGN_OR_RETURN(arguments.feed.display,
                   oriel::clients::LookForDisplay(arguments.feed.server,
                                                  arguments.feed.display));
  return absl::OkStatus();
}

}  // namespace

// The desktop viewer; see docs/man/oriel-viewer.1.
int main(int argc, char** argv) {
  auto parsed = oriel::clients::ParseViewerArguments(
      std::vector<std::string>(argv + 1, argv + argc));
  if (const auto* answer = std::get_if<oriel::CommandLineAnswer>(&parsed)) {
    return oriel::PrintAnswer("oriel-viewer", *answer);
  }
  // A damaged access unit is the stream's matter, not the terminal's.
  av_log_set_level(AV_LOG_QUIET);
  // Before SDL is there, nobody is to be asked.
  const auto guard = oriel::StopGuard::Start(
      {.program = "oriel-viewer", .patience = kStopPatience, .on_stop = [] {
         return SDL_WasInit(SDL_INIT_VIDEO) != 0;
       }});
  if (!guard.ok()) return Fail(std::string(guard.status().message()));
  auto& arguments = std::get<oriel::clients::ViewerArguments>(parsed);
  if (const absl::Status found = FindDisplay(arguments); !found.ok()) {
    return Conclude(found);
  }
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
  const int exit_code = Show(arguments, **guard);
  SDL_Quit();
  return exit_code;
}
