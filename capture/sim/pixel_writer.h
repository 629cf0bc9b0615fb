#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oriel::capture::sim {

// How rows of 0xAARRGGBB become a plane's bytes in one linear DRM format.
struct PixelWriter {
  uint32_t fourcc;
  int32_t bytes_per_pixel;
  // `out` takes count * bytes_per_pixel bytes. Bits that a format does not
  // use are 0, alpha is opaque.
  void (*write)(const uint32_t* pixels, int32_t count, uint8_t* out);
};

// Null when oriel-sim does not know the format.
const PixelWriter* FindPixelWriter(uint32_t fourcc);

// "XR24", ...: for help and messages.
std::vector<std::string> KnownFormatNames();

}  // namespace oriel::capture::sim
