#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "encoder/update.h"
#include "encoder/video/encoder_backend.h"

namespace oriel::encoder {

// Whether an encoder works on this host: it was opened, it encoded a small
// picture into one access unit, and that decoded to nearly the same picture.
struct EncoderProbe {
  std::string name;  // FFmpeg's, such as "h264_vaapi"
  VideoCodec codec = VideoCodec::kH264;
  bool hardware = false;
  bool usable = false;
  std::string reason;  // why it is not usable; else empty
  Duration duration{};
};

// Of every encoder that Oriel knows, in the order in which they are preferred
// within their codec. Each is tried once in a process, by who asks first;
// others wait for that. Thread-safe.
std::vector<EncoderProbe> ProbeVideoEncoders();

// The codec's encoders that work here, the preferred first; tries those only.
// Thread-safe.
std::vector<EncoderChoice> UsableEncoders(VideoCodec codec, Chroma chroma);

// "h264"
const char* CodecName(VideoCodec codec);

}  // namespace oriel::encoder
