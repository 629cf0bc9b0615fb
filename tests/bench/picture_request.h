#pragma once

#include <signal.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

namespace oriel::bench {

// SIGUSR1 asks a viewer for the picture that it shows: the Nth signal makes
// PREFIX.N, BGRX rows without gaps, and then a line "picture N" on standard
// output. Made before any thread, which then ignore the signal too.
class PictureRequests {
 public:
  explicit PictureRequests(std::string prefix) : prefix_(std::move(prefix)) {
    // Fetched by Answer, so that it interrupts nothing.
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals_, nullptr);
  }

  // Called often; cheap when nothing was asked for.
  void Answer(const uint8_t* pixels, size_t stride_bytes, int width_px,
              int height_px) {
    const timespec at_once{};
    if (prefix_.empty() || sigtimedwait(&signals_, nullptr, &at_once) < 0) {
      return;
    }
    ++answered_;
    std::ofstream file(prefix_ + "." + std::to_string(answered_),
                       std::ios::binary);
    for (int y = 0; y < height_px; ++y) {
      file.write(reinterpret_cast<const char*>(pixels + y * stride_bytes),
                 std::streamsize(width_px) * 4);
    }
    file.close();
    std::printf("picture %d\n", answered_);
  }

 private:
  const std::string prefix_;
  sigset_t signals_{};
  int answered_ = 0;
};

}  // namespace oriel::bench
