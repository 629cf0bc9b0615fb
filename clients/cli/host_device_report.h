#pragma once

#include <string>
#include <vector>

#include "clients/cli/table.h"
#include "nlohmann/json.hpp"
#include "oriel/v1/device.pb.h"

namespace oriel::clients {

// "mdev", "pci", "sriov-vgpu", "unattributed", "unknown".
std::string DeviceKindName(v1::DeviceKind kind);

// A header, and a row for each device; what "?" means stands at the end.
std::string HostDeviceTable(const std::vector<v1::HostDevice>& devices,
                            bool coloured);

// "name: value" for each thing that is known.
std::vector<TableRow> HostDeviceRows(const v1::HostDevice& device);

// Every field under its proto name; `kind` as the names above, `loan` null
// while there is none.
nlohmann::json HostDeviceJson(const v1::HostDevice& device);

}  // namespace oriel::clients
