#pragma once

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "oriel/v1/device.pb.h"

namespace oriel::clients {

// A header, and a row for each encoder; why one is not usable stands in it.
std::string VideoEncoderTable(const std::vector<v1::VideoEncoder>& encoders,
                              bool coloured);

// Every field under its proto name; `codec` as "h264", "vp9", "av1".
nlohmann::json VideoEncoderJson(const v1::VideoEncoder& encoder);

}  // namespace oriel::clients
