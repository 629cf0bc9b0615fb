#include <vector>

#include "base/status_macros.h"
#include "clients/cli/commands.h"
#include "clients/cli/display_report.h"
#include "clients/cli/host_device_report.h"
#include "clients/cli/video_encoder_report.h"

namespace oriel::clients {

absl::Status RunDevices(const DevicesOptions&, const CommandContext& context) {
  ASSIGN_OR_RETURN(const v1::ListDevicesResponse list,
                   context.connection.ListDevices());
  const std::vector<v1::HostDevice> devices(list.devices().begin(),
                                            list.devices().end());
  const std::vector<v1::VideoEncoder> encoders(list.video_encoders().begin(),
                                               list.video_encoders().end());
  Console& console = context.console;
  if (context.json) {
    nlohmann::json json = {{"devices", nlohmann::json::array()},
                           {"video_encoders", nlohmann::json::array()}};
    for (const v1::HostDevice& device : devices)
      json["devices"].push_back(HostDeviceJson(device));
    for (const v1::VideoEncoder& encoder : encoders)
      json["video_encoders"].push_back(VideoEncoderJson(encoder));
    console.out << JsonLine(json);
    return Flush(console);
  }
  if (devices.empty()) {
    console.err << "oriel: the host of orield at "
                << context.connection.address().text
                << " has no device for a VM; make an mdev, or bind a PCI "
                   "device to vfio-pci\n";
  } else {
    console.out << HostDeviceTable(devices, console.coloured_out());
  }
  if (!encoders.empty()) {
    if (!devices.empty()) console.out << "\n";
    console.out << VideoEncoderTable(encoders, console.coloured_out());
  }
  return Flush(console);
}

}  // namespace oriel::clients
