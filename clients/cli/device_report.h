#pragma once

#include <string>
#include <vector>

#include "clients/cli/table.h"
#include "nlohmann/json.hpp"
#include "oriel/v1/device.pb.h"

namespace oriel::clients {

// "name: value" for what the device says of itself as a whole.
std::vector<TableRow> DeviceRows(const v1::GetDeviceResponse& device);

// Its regions and planes, and what is wrong, each below an empty line.
std::string DeviceTables(const v1::GetDeviceResponse& device, bool coloured);

// Every field under its proto name; `edid` null where there is none.
nlohmann::json DeviceJson(const v1::GetDeviceResponse& device);

}  // namespace oriel::clients
