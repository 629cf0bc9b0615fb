#include "capture/display/pixel_convert.h"

#include <libdrm/drm_fourcc.h>

#include <cstring>
#include <string>

#include "absl/strings/str_format.h"

namespace oriel::capture {
namespace {

void Put(uint8_t* out, int32_t x, uint32_t red, uint32_t green, uint32_t blue) {
  const uint32_t pixel = 0xFF000000 | red << 16 | green << 8 | blue;
  std::memcpy(out + size_t(x) * kBytesPerPixel, &pixel, sizeof(pixel));
}

template <typename Number>
uint32_t Get(const uint8_t* in, int32_t x) {
  Number number;
  std::memcpy(&number, in + size_t(x) * sizeof(number), sizeof(number));
  return number;
}

void ConvertXbgr8888(const uint8_t* in, int32_t width_px, uint8_t* out) {
  for (int32_t x = 0; x < width_px; ++x) {
    const uint32_t pixel = Get<uint32_t>(in, x);
    Put(out, x, pixel & 0xFF, pixel >> 8 & 0xFF, pixel >> 16 & 0xFF);
  }
}

void ConvertRgb888(const uint8_t* in, int32_t width_px, uint8_t* out) {
  for (int32_t x = 0; x < width_px; ++x) {
    Put(out, x, in[3 * x + 2], in[3 * x + 1], in[3 * x]);
  }
}

void ConvertBgr888(const uint8_t* in, int32_t width_px, uint8_t* out) {
  for (int32_t x = 0; x < width_px; ++x) {
    Put(out, x, in[3 * x], in[3 * x + 1], in[3 * x + 2]);
  }
}

// The upper bits are repeated below, so that full stays full.
void ConvertRgb565(const uint8_t* in, int32_t width_px, uint8_t* out) {
  for (int32_t x = 0; x < width_px; ++x) {
    const uint32_t pixel = Get<uint16_t>(in, x);
    const uint32_t red = pixel >> 11;
    const uint32_t green = pixel >> 5 & 0x3F;
    const uint32_t blue = pixel & 0x1F;
    Put(out, x, red << 3 | red >> 2, green << 2 | green >> 4,
        blue << 3 | blue >> 2);
  }
}

void ConvertXrgb2101010(const uint8_t* in, int32_t width_px, uint8_t* out) {
  for (int32_t x = 0; x < width_px; ++x) {
    const uint32_t pixel = Get<uint32_t>(in, x);
    Put(out, x, pixel >> 22 & 0xFF, pixel >> 12 & 0xFF, pixel >> 2 & 0xFF);
  }
}

void ConvertXbgr2101010(const uint8_t* in, int32_t width_px, uint8_t* out) {
  for (int32_t x = 0; x < width_px; ++x) {
    const uint32_t pixel = Get<uint32_t>(in, x);
    Put(out, x, pixel >> 2 & 0xFF, pixel >> 12 & 0xFF, pixel >> 22 & 0xFF);
  }
}

struct Entry {
  uint32_t fourcc;
  SourceFormat format;
};

constexpr Entry kEntries[] = {
    {DRM_FORMAT_XRGB8888, {{4, nullptr}, false}},
    {DRM_FORMAT_ARGB8888, {{4, nullptr}, false}},
    {DRM_FORMAT_XBGR8888, {{4, ConvertXbgr8888, 0x00FFFFFF}, false}},
    {DRM_FORMAT_ABGR8888, {{4, ConvertXbgr8888, 0x00FFFFFF}, false}},
    {DRM_FORMAT_RGB888, {{3, ConvertRgb888}, false}},
    {DRM_FORMAT_BGR888, {{3, ConvertBgr888}, false}},
    {DRM_FORMAT_RGB565, {{2, ConvertRgb565}, false}},
    {DRM_FORMAT_XRGB2101010, {{4, ConvertXrgb2101010, 0x3FCFF3FC}, true}},
    {DRM_FORMAT_XBGR2101010, {{4, ConvertXbgr2101010, 0x3FCFF3FC}, true}},
};

std::string SupportedNames() {
  std::string names;
  for (const Entry& entry : kEntries) {
    if (!names.empty()) names += ", ";
    names += FourccName(entry.fourcc);
  }
  return names;
}

}  // namespace

absl::StatusOr<SourceFormat> FindSourceFormat(const PixelFormat& format) {
  for (const Entry& entry : kEntries) {
    if (entry.fourcc == format.fourcc &&
        format.modifier == DRM_FORMAT_MOD_LINEAR) {
      return entry.format;
    }
  }
  return absl::UnimplementedError(absl::StrFormat(
      "plane format %s cannot be read; Oriel reads %s, all without modifier "
      "(linear)",
      format.ToString(), SupportedNames()));
}

}  // namespace oriel::capture
