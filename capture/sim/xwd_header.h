#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "base/picture/rect.h"

namespace oriel::capture::sim {

// As much of a file as ParseXwdHeader looks at.
inline constexpr size_t kXwdHeaderBytes = 100;

// Where the pixels of an X window dump lie.
struct XwdLayout {
  Size size;
  uint32_t stride_bytes = 0;
  uint64_t pixel_offset = 0;  // in the file
};

// X11/XWDFile.h: 25 big-endian words, then a name up to the header's size, then
// colours of 12 bytes, then rows. Only what Xvfb makes with 24 bits of depth is
// accepted: ZPixmap, 32 bits a pixel, blue in the first byte; all of it inside
// `file_bytes`. `header` is the start of the file. kInvalidArgument says which
// field is wrong.
absl::StatusOr<XwdLayout> ParseXwdHeader(std::span<const uint8_t> header,
                                         uint64_t file_bytes);

}  // namespace oriel::capture::sim
