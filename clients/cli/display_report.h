#pragma once

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "oriel/v1/display.pb.h"

namespace oriel::clients {

// "ready", "plane-off", "unavailable", "unknown".
std::string StateName(v1::DisplayState state);
// "adaptive", "lossless", "h264", "vp9", "av1", "unknown".
std::string EncodingName(v1::Encoding encoding);

// Every field under its proto name; enums as the names above.
nlohmann::json DisplayJson(const v1::Display& display);

// One line, never throwing: bytes that are no UTF-8 are replaced.
std::string JsonLine(const nlohmann::json& json);

// A header, and a row for each display; below a display that cannot be seen
// stands why.
std::string DisplayTable(const std::vector<v1::Display>& displays,
                         bool coloured);

// "name: value" lines.
std::string DisplayDetails(const v1::Display& display, bool coloured);

// One line for `list --follow`.
std::string DisplayLine(const v1::Display& display, bool coloured);

}  // namespace oriel::clients
