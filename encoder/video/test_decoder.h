#pragma once

#include <cstdint>
#include <vector>

#include "base/picture/picture.h"
#include "base/picture/rect.h"
#include "encoder/update.h"

struct AVCodecContext;
struct AVFrame;

namespace oriel::encoder {

// A decoder of FFmpeg's with the settings of a viewer that waits for nothing.
class TestDecoder {
 public:
  explicit TestDecoder(VideoCodec codec);
  ~TestDecoder();
  TestDecoder(const TestDecoder&) = delete;
  TestDecoder& operator=(const TestDecoder&) = delete;

  // The picture of one access unit, valid until the next call; null when it is
  // damaged or the decoder holds it back.
  const AVFrame* Decode(const std::vector<uint8_t>& access_unit);

 private:
  AVCodecContext* context_;
  AVFrame* frame_;
};

// Of what was decoded against the area of the picture, over blue, green and
// red, with chroma taken from the nearest sample.
double PsnrDb(const AVFrame& decoded, const Picture& picture, const Rect& area);

}  // namespace oriel::encoder
