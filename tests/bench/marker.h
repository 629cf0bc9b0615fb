#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>

namespace oriel::bench {

// A square on the screen whose grey level is a number; grey survives lossy
// codecs. The flasher draws it, and a viewer that sees a new number prints
// when: both use the machine's one monotonic clock.
inline constexpr int kMarkerX = 16;
inline constexpr int kMarkerY = 16;
inline constexpr int kMarkerSizePx = 48;
inline constexpr int kMarkerCodes = 7;

inline constexpr int GreyOfCode(int code) { return 30 + code * 32; }

// The nearest code of a level between 0 and 255.
inline constexpr int CodeOfGrey(int grey) {
  const int code = (grey - 30 + 16) / 32;
  return code < 0 ? 0 : code >= kMarkerCodes ? kMarkerCodes - 1 : code;
}

inline int64_t NowMicroseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Prints a line "seen CODE MICROSECONDS" whenever the marker's number changes,
// and "received MICROSECONDS BYTES" for each update.
class MarkerWatcher {
 public:
  // Lines leave at once, so that nothing is lost when the viewer is stopped.
  MarkerWatcher() { std::setvbuf(stdout, nullptr, _IOLBF, 0); }

  void Received(int64_t bytes) {
    std::printf("received %lld %lld\n",
                static_cast<long long>(NowMicroseconds()),
                static_cast<long long>(bytes));
  }

  void Look(int grey) {
    const int code = CodeOfGrey(grey);
    if (code == last_code_) return;
    last_code_ = code;
    std::printf("seen %d %lld\n", code,
                static_cast<long long>(NowMicroseconds()));
  }

 private:
  int last_code_ = -1;
};

}  // namespace oriel::bench
