#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "oriel/v1/device.pb.h"

namespace oriel::clients {

// "1600x900", "1600x900@75", "1600x900@59.94": sides of 1 to 65535 pixels and
// a rate of 1 to 1000 Hz, 60 when it is left out. kInvalidArgument.
absl::StatusOr<v1::MonitorMode> ParseMonitorMode(const std::string& text);

// "1600x900 at 59.94 Hz"; "1920x1080i at 60.00 Hz" when interlaced, whose rate
// is that of fields.
std::string FormatMode(int64_t width_px, int64_t height_px,
                       uint32_t refresh_millihz, bool interlaced = false);

}  // namespace oriel::clients
