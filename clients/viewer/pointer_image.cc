#include "clients/viewer/pointer_image.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "clients/viewer/downscaler.h"

namespace oriel::clients {

Picture ShrinkPointer(const Picture& shape, Size to) {
  const Size from = shape.size();
  // Colours as they add up above any background, and opacity as a grey.
  Picture weighted(from);
  Picture opacity(from);
  for (int32_t y = 0; y < from.height_px; ++y) {
    for (int32_t x = 0; x < from.width_px; ++x) {
      const uint8_t* pixel = shape.At(x, y);
      for (int i = 0; i < 3; ++i) {
        weighted.MutableAt(x, y)[i] =
            static_cast<uint8_t>((pixel[i] * pixel[3] + 127) / 255);
        opacity.MutableAt(x, y)[i] = pixel[3];
      }
    }
  }
  Downscaler colours_scaler(from, to);
  Downscaler opacity_scaler(from, to);
  const std::vector<uint8_t>& colours =
      colours_scaler.Scale(weighted.view(), Rect::Of(to));
  const std::vector<uint8_t>& opacities =
      opacity_scaler.Scale(opacity.view(), Rect::Of(to));
  Picture shrunk(to);
  for (size_t at = 0; at < colours.size(); at += kBytesPerPixel) {
    const int alpha = opacities[at];
    uint8_t* out = shrunk.MutableAt(0, 0) + at;
    for (size_t i = 0; i < 3; ++i) {
      out[i] = alpha == 0
                   ? uint8_t{0}
                   : static_cast<uint8_t>(std::min(
                         255, (colours[at + i] * 255 + alpha / 2) / alpha));
    }
    out[3] = static_cast<uint8_t>(alpha);
  }
  return shrunk;
}

}  // namespace oriel::clients
