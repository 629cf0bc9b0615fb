#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/picture/picture.h"
#include "base/picture/rect.h"
#include "capture/device/fake_device.h"
#include "capture/display/frame_source.h"

namespace oriel::exactness {

// A vGPU's memory and mode, on which a guest draws raw pixels of its format
// while they are read. Thread-safe.
class GuestScreen {
 public:
  GuestScreen();

  // A device of the guest's screen, found by plane query.
  absl::StatusOr<std::unique_ptr<capture::FrameSource>> Open();

  // Black; another generation.
  void SetMode(uint32_t fourcc, Size size, uint32_t extra_stride_bytes);
  void TurnOff();
  Size size() const;

  // Every pixel of the rectangle another random value.
  void DrawNoise(const Rect& rect, uint32_t seed);
  void DrawFill(const Rect& rect, uint32_t value);
  // Made-up letters of two colours.
  void DrawText(const Rect& rect, uint32_t seed);
  // What stands in `rect` moves; what it leaves stays as it is.
  void Move(const Rect& rect, int32_t dx_px, int32_t dy_px);

  // What every viewer is to show, converted by this file's own rules.
  Picture Expected() const;
  // The mode has more than eight bits a channel.
  bool converted() const;

 private:
  struct Mode {
    uint32_t fourcc = 0;
    Size size;
    uint32_t stride_bytes = 0;
    int bytes_per_pixel = 4;
    bool on = false;
  };

  uint8_t* At(int32_t x_px, int32_t y_px) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Put(int32_t x_px, int32_t y_px, uint32_t value)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<capture::FakeMemory> memory_;
  mutable Mutex mutex_;
  Mode mode_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oriel::exactness
