#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/picture/rect.h"

namespace oriel::encoder {

struct FreeAv {
  void operator()(AVCodecContext* context) const;
  void operator()(AVFrame* frame) const;
  void operator()(AVPacket* packet) const;
  void operator()(SwsContext* context) const;
};
template <typename Object>
using AvPtr = std::unique_ptr<Object, FreeAv>;

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

// Each side divided by `shrink`, rounded up.
Size Shrunk(Size size, int shrink);

}  // namespace oriel::encoder
