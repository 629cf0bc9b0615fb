#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/picture/rect.h"

namespace oriel {

// Every picture inside Oriel has this one format: four bytes a pixel, blue,
// green, red, and X = 0xFF (DRM's XR24 with the unused byte set).
inline constexpr int kBytesPerPixel = 4;

// Borrowed pixels; rows are stride_bytes apart.
struct PictureView {
  const uint8_t* pixels = nullptr;
  size_t stride_bytes = 0;
  Size size;

  const uint8_t* At(int32_t x_px, int32_t y_px) const {
    return pixels + size_t(y_px) * stride_bytes + size_t(x_px) * kBytesPerPixel;
  }
};

// Pixels of its own, rows without gaps. Thread-compatible.
class Picture {
 public:
  Picture() = default;
  // Black.
  explicit Picture(Size size);

  Size size() const { return size_; }
  size_t stride_bytes() const {
    return size_t(size_.width_px) * kBytesPerPixel;
  }
  PictureView view() const { return {pixels_.data(), stride_bytes(), size_}; }
  const uint8_t* At(int32_t x_px, int32_t y_px) const {
    return view().At(x_px, y_px);
  }
  uint8_t* MutableAt(int32_t x_px, int32_t y_px) {
    return pixels_.data() + size_t(y_px) * stride_bytes() +
           size_t(x_px) * kBytesPerPixel;
  }
  const std::vector<uint8_t>& bytes() const { return pixels_; }

  friend bool operator==(const Picture&, const Picture&) = default;

 private:
  Size size_;
  std::vector<uint8_t> pixels_;
};

}  // namespace oriel
