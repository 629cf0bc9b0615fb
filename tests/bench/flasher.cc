// flasher SECONDS: draws the marker of marker.h on $DISPLAY with another grey
// about five times a second, and prints "drawn CODE MICROSECONDS" with the
// time just before each drawing.

#include <X11/Xlib.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "tests/bench/marker.h"

namespace oriel::bench {
namespace {

constexpr int kMeanIntervalMs = 200;

Window ShowMarkerWindow(Display* display) {
  XSetWindowAttributes attributes{};
  attributes.override_redirect = True;
  const int screen = DefaultScreen(display);
  const Window window = XCreateWindow(
      display, RootWindow(display, screen), kMarkerX, kMarkerY, kMarkerSizePx,
      kMarkerSizePx, 0, CopyFromParent, InputOutput, CopyFromParent,
      CWOverrideRedirect, &attributes);
  XMapRaised(display, window);
  XSync(display, False);
  return window;
}

void Draw(Display* display, Window window, GC gc, int code) {
  const unsigned long grey = GreyOfCode(code);
  XSetForeground(display, gc, grey << 16 | grey << 8 | grey);
  std::printf("drawn %d %lld\n", code,
              static_cast<long long>(NowMicroseconds()));
  XFillRectangle(display, window, gc, 0, 0, kMarkerSizePx, kMarkerSizePx);
  XSync(display, False);
}

int Main(int argc, char** argv) {
  const double seconds = argc == 2 ? std::atof(argv[1]) : 0;
  if (seconds <= 0) {
    std::fprintf(stderr, "usage: flasher SECONDS\n");
    return 2;
  }
  Display* display = XOpenDisplay(nullptr);
  if (display == nullptr) {
    std::fprintf(stderr, "flasher: cannot open the display; set DISPLAY\n");
    return 1;
  }
  const Window window = ShowMarkerWindow(display);
  const GC gc = XCreateGC(display, window, 0, nullptr);
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  // 0 is like the black screen before.
  for (int i = 1; std::chrono::steady_clock::now() < end; ++i) {
    Draw(display, window, gc, i % kMarkerCodes);
    // Steps that share no period with a viewer's frame rate.
    std::this_thread::sleep_for(
        std::chrono::microseconds((kMeanIntervalMs - 50) * 1000 +
                                  i * 7919 % 100 * 1000 + i * 104729 % 1000));
  }
  XCloseDisplay(display);
  return 0;
}

}  // namespace
}  // namespace oriel::bench

int main(int argc, char** argv) { return oriel::bench::Main(argc, argv); }
