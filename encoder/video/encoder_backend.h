#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "encoder/update.h"
#include "encoder/update_encoder.h"
#include "encoder/video/yuv_picture.h"

struct AVFrame;

namespace oriel::encoder {

struct BackendOptions {
  Size size;  // even sides
  Quality quality = Quality::kMedium;
  int max_rate_hz = 60;
  Chroma chroma = Chroma::k420;
  // Of the plane that the picture is an area of; 0: it is the plane.
  int64_t plane_px = 0;
};

struct AccessUnit {
  Payload bytes;
  bool keyframe = false;
};

// One open encoder behind FFmpeg; tests give their own. Thread-compatible.
class EncoderBackend {
 public:
  virtual ~EncoderBackend() = default;
  // The one access unit of `frame`, which has the options' size and chroma; a
  // keyframe where its pict_type is I. Its pts counts pictures: quality must
  // not depend on how long ago the last one was.
  // After an error the backend is good for nothing but to be destroyed.
  virtual absl::StatusOr<AccessUnit> Encode(AVFrame& frame) = 0;
  // "libx264 ultrafast 4:2:0"
  virtual std::string description() const = 0;
};

// An encoder that may be opened.
struct EncoderChoice {
  std::string name;  // FFmpeg's, such as "h264_vaapi"
  std::function<absl::StatusOr<std::unique_ptr<EncoderBackend>>(
      const BackendOptions&)>
      open;
};

}  // namespace oriel::encoder
