#include <vector>

#include "base/status_macros.h"
#include "clients/cli/commands.h"
#include "clients/cli/display_report.h"
#include "clients/cli/host_device_report.h"

namespace oriel::clients {

absl::Status RunDevices(const DevicesOptions&, const CommandContext& context) {
  ASSIGN_OR_RETURN(const std::vector<v1::HostDevice> devices,
                   context.connection.ListDevices());
  if (context.json) {
    nlohmann::json array = nlohmann::json::array();
    for (const v1::HostDevice& device : devices) {
      array.push_back(HostDeviceJson(device));
    }
    context.console.out << JsonLine(array);
  } else if (devices.empty()) {
    context.console.err
        << "oriel: the host of orield at " << context.connection.address().text
        << " has no device for a VM; make an mdev, or bind a PCI device to "
           "vfio-pci\n";
  } else {
    context.console.out << HostDeviceTable(devices,
                                           context.console.coloured_out());
  }
  return Flush(context.console);
}

}  // namespace oriel::clients
