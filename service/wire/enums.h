#pragma once

#include "encoder/update_encoder.h"
#include "oriel/v1/display.pb.h"

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

}  // namespace oriel::wire
