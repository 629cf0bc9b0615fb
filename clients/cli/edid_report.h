#pragma once

#include <string>
#include <vector>

#include "clients/cli/table.h"
#include "nlohmann/json.hpp"
#include "oriel/v1/device.pb.h"

namespace oriel::clients {

// "up", "down", "unknown".
std::string LinkName(v1::MonitorLink link);

// "256 bytes, prefers at most 1920x1200, writable"
std::string EdidLimitsText(const v1::EdidLimits& limits);
// Every field under its proto name.
nlohmann::json EdidLimitsJson(const v1::EdidLimits& limits);

// What the bytes say of a monitor; also of none, and of bytes that are no EDID.
std::vector<TableRow> MonitorRows(const std::string& edid);
// `edid` in hexadecimal digits, and the fields that oriel(1) names.
nlohmann::json MonitorJson(const std::string& edid);

// The same with the link and the limits.
std::string EdidDetails(const v1::GetEdidResponse& response, bool coloured);
nlohmann::json EdidJson(const v1::GetEdidResponse& response);

}  // namespace oriel::clients
