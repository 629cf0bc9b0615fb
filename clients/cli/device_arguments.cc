#include "clients/cli/device_arguments.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "clients/cli/monitor_mode.h"

namespace oriel::clients {
namespace {

constexpr char kDevices[] = "oriel devices";
constexpr char kEdidGet[] = "oriel edid get";
constexpr char kEdidSet[] = "oriel edid set";
constexpr char kOpRegion[] = "oriel opregion";

constexpr char kBothWantStdout[] =
    "--json and %s - both want standard output; give a file";

// VESA E-EDID 1.4: a display product name's field.
constexpr size_t kMaxMonitorNameBytes = 13;

// What an EDID cannot say as a monitor's name; empty when it can.
std::string MonitorNameProblem(const std::string& name) {
  if (name.size() > kMaxMonitorNameBytes) {
    return absl::StrFormat("--name '%s' has %d bytes; an EDID has room for %d",
                           name, name.size(), kMaxMonitorNameBytes);
  }
  const bool printable = std::all_of(
      name.begin(), name.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  return printable ? "" : "--name takes printable ASCII characters only";
}

}  // namespace

void DeviceArguments::AddTo(CLI::App& app, CommonOptions& common) {
  AddCommand(app, "devices", "Lists the host's devices that a VM may use.",
             "Examples:\n  oriel devices\n  oriel devices --json\n\n"
             "A device that a VM has is listed with the VM, or with the "
             "process that has\n"
             "it open; ? stands where orield may not look.\n",
             true, common);
  CLI::App* edid = AddCommand(
      app, "edid", "Shows or changes the monitor that a guest sees.",
      "Examples:\n  oriel edid get vm7\n  oriel edid set vm7 --mode 1600x900\n",
      true, common);
  edid->require_subcommand(1);
  AddEdidGet(*edid, common);
  AddEdidSet(*edid, common);
  AddOpRegion(app, common);
}

void DeviceArguments::AddEdidGet(CLI::App& edid, CommonOptions& common) {
  CLI::App* command = AddCommand(
      edid, "get", "Shows the monitor that is plugged in.",
      "Examples:\n  oriel edid get vm7\n  oriel edid get vm7 -o vm7.edid\n"
      "  oriel edid get vm7 -o - | edid-decode\n\n"
      "A file named with -o is replaced at once when the EDID is there.\n",
      true, common);
  AddDisplay(command, &edid_get_.display);
  command
      ->add_option("-o,--output", edid_get_.output,
                   "Write the EDID's bytes to this file; - is standard output")
      ->type_name("FILE");
}

void DeviceArguments::AddEdidSet(CLI::App& edid, CommonOptions& common) {
  CLI::App* command = AddCommand(
      edid, "set", "Plugs another monitor in.",
      "Examples:\n  oriel edid set vm7 --mode 1600x900\n"
      "  oriel edid set vm7 --mode 1920x1080@59.94 --name Desk\n"
      "  oriel edid set vm7 --file monitor.edid\n\n"
      "The guest sees the old monitor go and the new one come; most change "
      "their\n"
      "resolution by themselves then.\n",
      true, common);
  AddDisplay(command, &edid_set_.display);
  command
      ->add_option_function<std::string>(
          "--mode",
          [this](const std::string& text) {
            const auto mode = ParseMonitorMode(text);
            if (!mode.ok()) {
              throw CLI::ValidationError(std::string(mode.status().message()));
            }
            edid_set_.mode = *mode;
          },
          "A monitor that prefers this, such as 1600x900 or 1600x900@75")
      ->type_name("WxH[@HZ]");
  command
      ->add_option("--file", edid_set_.file,
                   "A monitor whose EDID is in this file")
      ->type_name("FILE");
  command
      ->add_option("--name", edid_set_.monitor_name,
                   "With --mode: what the monitor calls itself")
      ->type_name("NAME");
}

void DeviceArguments::AddOpRegion(CLI::App& app, CommonOptions& common) {
  CLI::App* command = AddCommand(
      app, "opregion", "Decodes or saves the OpRegion of an Intel GPU.",
      "Examples:\n  oriel opregion vm7\n"
      "  oriel opregion vm7 --output opregion.bin --vbt vm7.vbt\n"
      "  oriel opregion vm7 --vbt - | hexdump -C\n\n"
      "Without --output and --vbt the OpRegion is decoded as oriel vbt does "
      "with a\n"
      "file. Named files are replaced at once when the bytes are there.\n",
      true, common);
  AddDisplay(command, &op_region_.display);
  command
      ->add_option("-o,--output", op_region_.output,
                   "Write the OpRegion's bytes to this file; - is standard "
                   "output")
      ->type_name("FILE");
  command
      ->add_option("--vbt", op_region_.vbt_output,
                   "Write the bytes of the VBT alone to this file; - is "
                   "standard output")
      ->type_name("FILE");
}

std::optional<Command> DeviceArguments::Result(const std::string& words) const {
  if (words == kDevices) return DevicesOptions();
  if (words == kEdidGet) return edid_get_;
  if (words == kEdidSet) return edid_set_;
  if (words == kOpRegion) return op_region_;
  return std::nullopt;
}

std::string DeviceArguments::Contradiction(const std::string& words,
                                           bool json) const {
  if (words == kEdidGet && json && edid_get_.output == "-") {
    return absl::StrFormat(kBothWantStdout, "-o");
  }
  if (words == kEdidSet) {
    const bool has_file = !edid_set_.file.empty();
    if (edid_set_.mode && has_file) {
      return "--mode and --file are two monitors; give one of them";
    }
    if (!edid_set_.mode && !has_file) {
      return "which monitor? Give --mode, such as 1600x900, or --file";
    }
    if (has_file && !edid_set_.monitor_name.empty()) {
      return "--name goes with --mode: the EDID in a file has its own";
    }
    return MonitorNameProblem(edid_set_.monitor_name);
  }
  if (words == kOpRegion) {
    const bool output = op_region_.output == "-";
    const bool vbt = op_region_.vbt_output == "-";
    if (output && vbt) {
      return "--output - and --vbt - both want standard output; give a file";
    }
    if (json && (output || vbt)) {
      return absl::StrFormat(kBothWantStdout, output ? "--output" : "--vbt");
    }
  }
  return "";
}

}  // namespace oriel::clients
