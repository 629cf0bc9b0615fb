#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "base/picture/banded_picture.h"
#include "base/picture/rect.h"

namespace oriel::encoder {

struct JpegSettings {
  int quantizer = 4;  // 2, the finest, to 31
  // The JPEG's sides are the rectangle's divided by this, rounded up.
  int shrink = 1;
};

// What a still may be shrunk by; the wire's limit.
inline constexpr int kMaxShrink = 8;

// Of `rect`, which lies in the picture: a baseline JPEG, 4:2:0, BT.601 in full
// range. Any thread.
absl::StatusOr<std::vector<uint8_t>> EncodeJpeg(const BandedPicture& picture,
                                                const Rect& rect,
                                                const JpegSettings& settings);

// Fills `out` with `size`'s BGRX rows without gaps. kInvalidArgument: the JPEG
// is damaged or cut off, or its size is not `size` shrunk; `out` then holds
// anything. Nothing that it says makes this read, write or allocate beyond what
// `size` needs. Any thread.
absl::Status DecodeJpeg(std::span<const uint8_t> jpeg, Size size, int shrink,
                        std::span<uint8_t> out);

}  // namespace oriel::encoder
