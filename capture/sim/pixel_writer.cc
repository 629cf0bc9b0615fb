#include "capture/sim/pixel_writer.h"

#include <libdrm/drm_fourcc.h>

#include "base/picture/pixel_format.h"

namespace oriel::capture::sim {
namespace {

uint32_t Red(uint32_t pixel) { return (pixel >> 16) & 0xFF; }
uint32_t Green(uint32_t pixel) { return (pixel >> 8) & 0xFF; }
uint32_t Blue(uint32_t pixel) { return pixel & 0xFF; }
// Eight bits to ten such that 0xFF becomes 0x3FF.
uint32_t Ten(uint32_t eight) { return eight << 2 | eight >> 6; }

// DRM's formats are little-endian words, written byte by byte here.
template <uint32_t (*kWord)(uint32_t), int kBytes>
void WriteWords(const uint32_t* pixels, int32_t count, uint8_t* out) {
  for (int32_t i = 0; i < count; ++i) {
    const uint32_t word = kWord(pixels[i]);
    for (int byte = 0; byte < kBytes; ++byte) {
      out[i * kBytes + byte] = static_cast<uint8_t>(word >> (8 * byte));
    }
  }
}

uint32_t Rgb(uint32_t p) { return p & 0xFFFFFF; }
uint32_t Bgr(uint32_t p) { return Blue(p) << 16 | Green(p) << 8 | Red(p); }
uint32_t Argb(uint32_t p) { return 0xFF000000u | Rgb(p); }
uint32_t Abgr(uint32_t p) { return 0xFF000000u | Bgr(p); }
uint32_t Rgb565(uint32_t p) {
  return (Red(p) >> 3) << 11 | (Green(p) >> 2) << 5 | Blue(p) >> 3;
}
uint32_t Rgb30(uint32_t p) {
  return Ten(Red(p)) << 20 | Ten(Green(p)) << 10 | Ten(Blue(p));
}
uint32_t Bgr30(uint32_t p) {
  return Ten(Blue(p)) << 20 | Ten(Green(p)) << 10 | Ten(Red(p));
}

constexpr PixelWriter kWriters[] = {
    {DRM_FORMAT_XRGB8888, 4, WriteWords<Rgb, 4>},
    {DRM_FORMAT_ARGB8888, 4, WriteWords<Argb, 4>},
    {DRM_FORMAT_XBGR8888, 4, WriteWords<Bgr, 4>},
    {DRM_FORMAT_ABGR8888, 4, WriteWords<Abgr, 4>},
    {DRM_FORMAT_RGB888, 3, WriteWords<Rgb, 3>},
    {DRM_FORMAT_BGR888, 3, WriteWords<Bgr, 3>},
    {DRM_FORMAT_RGB565, 2, WriteWords<Rgb565, 2>},
    {DRM_FORMAT_XRGB2101010, 4, WriteWords<Rgb30, 4>},
    {DRM_FORMAT_XBGR2101010, 4, WriteWords<Bgr30, 4>},
};

}  // namespace

const PixelWriter* FindPixelWriter(uint32_t fourcc) {
  for (const PixelWriter& writer : kWriters) {
    if (writer.fourcc == fourcc) return &writer;
  }
  return nullptr;
}

std::vector<std::string> KnownFormatNames() {
  std::vector<std::string> names;
  for (const PixelWriter& writer : kWriters) {
    names.push_back(FourccName(writer.fourcc));
  }
  return names;
}

}  // namespace oriel::capture::sim
