#include "base/picture/picture.h"

namespace oriel {

Picture::Picture(Size size)
    : size_(size.empty() ? Size{} : size),
      pixels_(static_cast<size_t>(size.AreaPx()) * kBytesPerPixel) {
  for (size_t i = kBytesPerPixel - 1; i < pixels_.size(); i += kBytesPerPixel) {
    pixels_[i] = 0xFF;
  }
}

}  // namespace oriel
