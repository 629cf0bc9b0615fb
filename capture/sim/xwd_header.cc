#include "capture/sim/xwd_header.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::capture::sim {
namespace {

constexpr uint64_t kColourBytes = 12;
constexpr uint32_t kMaxHeaderBytes = 64 * 1024;
constexpr uint32_t kMaxColours = 64 * 1024;
constexpr uint32_t kMaxSidePx = 32'767;  // X11's own

// The numbers of X11/XWDFile.h's words.
enum Word : size_t {
  kHeaderSize = 0,
  kFileVersion = 1,
  kPixmapFormat = 2,
  kPixmapDepth = 3,
  kPixmapWidth = 4,
  kPixmapHeight = 5,
  kByteOrder = 7,
  kBitsPerPixel = 11,
  kBytesPerLine = 12,
  kRedMask = 14,
  kGreenMask = 15,
  kBlueMask = 16,
  kColourCount = 19,
};

uint32_t Get(std::span<const uint8_t> header, Word word) {
  const uint8_t* at = header.data() + size_t{word} * 4;
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 |
         at[3];
}

absl::Status Wrong(const char* field, uint32_t value, const char* wanted) {
  return absl::InvalidArgumentError(
      absl::StrFormat("XWD header: %s is %u, not %s", field, value, wanted));
}

absl::Status CheckFormat(std::span<const uint8_t> header) {
  const struct {
    Word word;
    const char* name;
    uint32_t wanted;
    const char* meaning;
  } kFields[] = {
      {kFileVersion, "the version", 7, "7 (is this an Xvfb's screen file?)"},
      {kPixmapFormat, "the format", 2, "2 (ZPixmap)"},
      {kPixmapDepth, "the depth", 24, "24 (start Xvfb with -screen 0 WxHx24)"},
      {kByteOrder, "the byte order", 0, "0 (least significant first)"},
      {kBitsPerPixel, "bits per pixel", 32, "32"},
      {kRedMask, "the red mask", 0xFF0000, "0xff0000"},
      {kGreenMask, "the green mask", 0x00FF00, "0xff00"},
      {kBlueMask, "the blue mask", 0x0000FF, "0xff"},
  };
  for (const auto& field : kFields) {
    const uint32_t value = Get(header, field.word);
    if (value != field.wanted) return Wrong(field.name, value, field.meaning);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<XwdLayout> ParseXwdHeader(std::span<const uint8_t> header,
                                         uint64_t file_bytes) {
  if (header.size() < kXwdHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "XWD header: %d bytes, %d are needed", header.size(), kXwdHeaderBytes));
  }
  RETURN_IF_ERROR(CheckFormat(header));
  const uint32_t header_bytes = Get(header, kHeaderSize);
  if (header_bytes < kXwdHeaderBytes || header_bytes > kMaxHeaderBytes) {
    return Wrong("its size", header_bytes, "100 to 65536");
  }
  const uint32_t colours = Get(header, kColourCount);
  if (colours > kMaxColours) {
    return Wrong("the number of colours", colours, "up to 65536");
  }
  const uint32_t width = Get(header, kPixmapWidth);
  const uint32_t height = Get(header, kPixmapHeight);
  const uint32_t stride = Get(header, kBytesPerLine);
  if (width == 0 || width > kMaxSidePx) {
    return Wrong("the width", width, "1 to 32767");
  }
  if (height == 0 || height > kMaxSidePx) {
    return Wrong("the height", height, "1 to 32767");
  }
  if (stride < width * 4 || stride > kMaxSidePx * 8) {
    return Wrong("bytes per line", stride, "a row's size");
  }
  XwdLayout layout;
  layout.size = {static_cast<int32_t>(width), static_cast<int32_t>(height)};
  layout.stride_bytes = stride;
  layout.pixel_offset = header_bytes + colours * kColourBytes;
  const uint64_t needed = layout.pixel_offset + uint64_t{stride} * height;
  if (needed > file_bytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "XWD header: %ux%u pixels end at byte %d of a file of %d", width,
        height, needed, file_bytes));
  }
  return layout;
}

}  // namespace oriel::capture::sim
