#pragma once

#include "encoder/update.h"
#include "encoder/update_encoder.h"
#include "oriel/v1/display.pb.h"
#include "oriel/v1/streaming.pb.h"

namespace oriel::wire {

inline v1::Encoding ToProto(encoder::Encoding encoding) {
  switch (encoding) {
    case encoder::Encoding::kLossless:
      return v1::ENCODING_LOSSLESS;
    case encoder::Encoding::kH264:
      return v1::ENCODING_H264;
    case encoder::Encoding::kAdaptive:
      return v1::ENCODING_ADAPTIVE;
    case encoder::Encoding::kVp9:
      return v1::ENCODING_VP9;
    case encoder::Encoding::kAv1:
      return v1::ENCODING_AV1;
  }
  return v1::ENCODING_UNSPECIFIED;
}

inline v1::VideoCodec ToProto(encoder::VideoCodec codec) {
  switch (codec) {
    case encoder::VideoCodec::kH264:
      return v1::VIDEO_CODEC_H264;
    case encoder::VideoCodec::kVp9:
      return v1::VIDEO_CODEC_VP9;
    case encoder::VideoCodec::kAv1:
      return v1::VIDEO_CODEC_AV1;
  }
  return v1::VIDEO_CODEC_UNSPECIFIED;
}

}  // namespace oriel::wire
