// flasher SECONDS [PAUSE_MS [SIZE_PX]]: draws the marker of marker.h on
// $DISPLAY with another grey about five times a second, and prints "drawn CODE
// MICROSECONDS" with the time just before each drawing. With PAUSE_MS nothing
// happens for at least so long before each drawing; with SIZE_PX only so many
// pixels of the marker's middle are drawn.

#include <X11/Xlib.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "tests/bench/marker.h"

namespace oriel::bench {
namespace {

constexpr int kPauseMs = 150;
constexpr int kMostExtraPauseMs = 100;

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

void Draw(Display* display, Window window, GC gc, int code, int size_px) {
  const unsigned long grey = GreyOfCode(code);
  XSetForeground(display, gc, grey << 16 | grey << 8 | grey);
  std::printf("drawn %d %lld\n", code,
              static_cast<long long>(NowMicroseconds()));
  // One pixel is the one that viewers look at.
  const int start = kMarkerSizePx / 2 - size_px / 2;
  XFillRectangle(display, window, gc, start, start, size_px, size_px);
  XSync(display, False);
}

// Steps that share no period with a viewer's frame rate.
std::chrono::microseconds PauseBefore(int drawing, int pause_ms) {
  return std::chrono::microseconds(pause_ms * 1000 +
                                   drawing * 7919 % kMostExtraPauseMs * 1000 +
                                   drawing * 104729 % 1000);
}

int Main(int argc, char** argv) {
  const double seconds = argc >= 2 && argc <= 4 ? std::atof(argv[1]) : 0;
  const int pause_ms = argc >= 3 ? std::atoi(argv[2]) : kPauseMs;
  const int size_px = argc == 4 ? std::atoi(argv[3]) : kMarkerSizePx;
  if (seconds <= 0 || pause_ms < 0 || size_px <= 0 || size_px > kMarkerSizePx) {
    std::fprintf(stderr, "usage: flasher SECONDS [PAUSE_MS [SIZE_PX]]\n");
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
  // Code 0 is like the desktop's corner before.
  for (int i = 1;; ++i) {
    std::this_thread::sleep_for(PauseBefore(i, pause_ms));
    if (std::chrono::steady_clock::now() >= end) break;
    Draw(display, window, gc, i % kMarkerCodes, size_px);
  }
  XCloseDisplay(display);
  return 0;
}

}  // namespace
}  // namespace oriel::bench

int main(int argc, char** argv) { return oriel::bench::Main(argc, argv); }
