#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/picture/rect.h"
#include "encoder/video/av_ptr.h"

namespace oriel::encoder {

// One picture of a codec, and the packet of its bytes.
struct AvCodecObjects {
  AvPtr<AVCodecContext> context;
  AvPtr<AVFrame> frame;
  AvPtr<AVPacket> packet;
};

// `codec` may be null, as FFmpeg's look-ups return it.
absl::StatusOr<AvCodecObjects> MakeAvObjects(const AVCodec* codec);

// From and to RGB, BT.601 in full range on both sides, as JPEGs are.
absl::StatusOr<AvPtr<SwsContext>> MakeJpegConverter(Size from,
                                                    AVPixelFormat from_format,
                                                    Size to,
                                                    AVPixelFormat to_format);

// Room for a picture's BGRX rows, with what swscale reads and writes beyond
// their ends: whole vectors.
struct SwsRows {
  explicit SwsRows(Size size);
  size_t stride_bytes;
  std::vector<uint8_t> bytes;
};

// Each side divided by `shrink`, rounded up.
Size Shrunk(Size size, int shrink);

}  // namespace oriel::encoder
