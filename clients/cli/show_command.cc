#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "clients/cli/commands.h"
#include "clients/cli/device_report.h"
#include "clients/cli/display_report.h"
#include "clients/cli/host_device_report.h"
#include "clients/cli/table.h"

namespace oriel::clients {
namespace {

// What orield knows of a display's device, and why it does not know all.
struct DisplayDevice {
  std::optional<v1::HostDevice> host;
  std::optional<v1::GetDeviceResponse> device;
  std::string problem;
};

void AddProblem(const absl::Status& status, std::string& problems) {
  const std::string problem(status.message());
  // An older orield says the same to both questions.
  if (problem == problems) return;
  problems += (problems.empty() ? "" : "; ") + problem;
}

DisplayDevice AskForDevice(const Connection& connection,
                           const std::string& display) {
  DisplayDevice result;
  absl::StatusOr<v1::GetDeviceResponse> device = connection.GetDevice(display);
  if (device.ok()) {
    result.device = *std::move(device);
  } else {
    AddProblem(device.status(), result.problem);
  }
  absl::StatusOr<v1::ListDevicesResponse> hosts = connection.ListDevices();
  if (!hosts.ok()) {
    AddProblem(hosts.status(), result.problem);
    return result;
  }
  for (v1::HostDevice& host : *hosts->mutable_devices()) {
    if (host.display() == display) result.host = std::move(host);
  }
  return result;
}

nlohmann::json ShowJson(const v1::Display& display,
                        const DisplayDevice& device) {
  nlohmann::json json = DisplayJson(display);
  json["host_device"] =
      device.host ? HostDeviceJson(*device.host) : nlohmann::json();
  json["device_report"] =
      device.device ? DeviceJson(*device.device) : nlohmann::json();
  json["device_problem"] = device.problem;
  return json;
}

std::string ShowText(const v1::Display& display, const DisplayDevice& device,
                     bool coloured) {
  std::string text = DisplayDetails(display, coloured);
  std::vector<TableRow> rows;
  if (device.host) rows = HostDeviceRows(*device.host);
  if (device.device) {
    std::vector<TableRow> more = DeviceRows(*device.device);
    rows.insert(rows.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  }
  if (!rows.empty()) text += "\n" + FormatTable(rows);
  if (device.device) text += DeviceTables(*device.device, coloured);
  if (!device.problem.empty()) {
    text += "\nNo more about the device: " + Printable(device.problem) + "\n";
  }
  return text;
}

}  // namespace

absl::Status RunShow(const ShowOptions& options,
                     const CommandContext& context) {
  ASSIGN_OR_RETURN(const std::string name,
                   context.connection.ResolveDisplay(options.display));
  ASSIGN_OR_RETURN(const v1::Display display,
                   context.connection.GetDisplay(name));
  const DisplayDevice device = AskForDevice(context.connection, name);
  context.console.out << (context.json
                              ? JsonLine(ShowJson(display, device))
                              : ShowText(display, device,
                                         context.console.coloured_out()));
  return Flush(context.console);
}

}  // namespace oriel::clients
