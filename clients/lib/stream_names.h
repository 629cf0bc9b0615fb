#pragma once

#include <map>
#include <string>

#include "oriel/v1/streaming.pb.h"

namespace oriel::clients {

// The words that people type for the protocol's values.
inline const std::map<std::string, v1::Encoding> kEncodings = {
    {"adaptive", v1::ENCODING_ADAPTIVE}, {"lossless", v1::ENCODING_LOSSLESS},
    {"h264", v1::ENCODING_H264},         {"vp9", v1::ENCODING_VP9},
    {"av1", v1::ENCODING_AV1},
};
inline const std::map<std::string, v1::Encoding> kVideoEncodings = {
    {"h264", v1::ENCODING_H264},
    {"vp9", v1::ENCODING_VP9},
    {"av1", v1::ENCODING_AV1},
};
inline const std::map<std::string, v1::Quality> kQualities = {
    {"low", v1::QUALITY_LOW},
    {"medium", v1::QUALITY_MEDIUM},
    {"high", v1::QUALITY_HIGH},
};

}  // namespace oriel::clients
