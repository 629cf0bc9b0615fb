#include "clients/cli/host_device_report.h"

#include <cstdint>

#include "absl/strings/str_format.h"

namespace oriel::clients {
namespace {

constexpr char kUnknownOwner[] = "?";
constexpr char kWhyUnknown[] =
    "orield cannot look into other users' processes, and knows of none that "
    "has the device open";

void Append(std::string& text, const std::string& more,
            const char* separator = ", ") {
  if (!more.empty()) text += (text.empty() ? "" : separator) + more;
}

// "qemu-system-x86 4711"; "pid 4711" when its name is not known.
std::string ProcessText(const std::string& command, int32_t pid) {
  if (pid == 0) return command;
  return absl::StrFormat("%s %d", command.empty() ? "pid" : command, pid);
}

// "win10 (qemu-system-x86 4711)"
std::string BorrowerText(const v1::DeviceLoan& loan) {
  const std::string process = ProcessText(loan.vmm_command(), loan.vmm_pid());
  if (loan.vm().empty()) return process.empty() ? "a running VM" : process;
  return process.empty() ? loan.vm() : loan.vm() + " (" + process + ")";
}

std::string HoldersText(const v1::HostDevice& device) {
  std::string text;
  for (const v1::DeviceHolder& holder : device.holders()) {
    Append(text, ProcessText(holder.command(), holder.pid()));
  }
  return text;
}

std::string OwnerText(const v1::HostDevice& device) {
  if (device.has_loan()) return BorrowerText(device.loan());
  const std::string holders = HoldersText(device);
  return holders.empty() && device.holders_incomplete() ? kUnknownOwner
                                                        : holders;
}

// PCI code and ID assignment, base class 03; others are no display.
std::string DisplayClass(const std::string& pci_class) {
  if (pci_class.rfind("03", 0) != 0) return "";
  const std::string subclass = pci_class.substr(2, 2);
  if (subclass == "00") return "VGA controller";
  if (subclass == "01") return "XGA controller";
  if (subclass == "02") return "3D controller";
  return "display controller";
}

std::string TypeText(const v1::HostDevice& device) {
  std::string text = device.mdev_type();
  // Many types contain the name: "i915-GVTg_V5_4" is called "GVTg_V5_4".
  if (text.find(device.mdev_type_name()) == std::string::npos) {
    Append(text, "(" + device.mdev_type_name() + ")", " ");
  }
  Append(text, device.pci_id());
  Append(text, DisplayClass(device.pci_class()), " ");
  if (!device.vgpu_type().empty()) {
    Append(text, "vGPU type " + device.vgpu_type());
  }
  return text;
}

std::string ParentText(const v1::HostDevice& device) {
  if (device.parent_driver().empty()) return device.parent();
  return device.parent() + " (" + device.parent_driver() + ")";
}

nlohmann::json LoanJson(const v1::HostDevice& device) {
  if (!device.has_loan()) return nullptr;
  return {{"vm", device.loan().vm()},
          {"vmm_pid", device.loan().vmm_pid()},
          {"vmm_command", device.loan().vmm_command()},
          {"evidence", device.loan().evidence()}};
}

}  // namespace

std::string DeviceKindName(v1::DeviceKind kind) {
  switch (kind) {
    case v1::DEVICE_KIND_MDEV:
      return "mdev";
    case v1::DEVICE_KIND_PCI:
      return "pci";
    case v1::DEVICE_KIND_SRIOV_VGPU:
      return "sriov-vgpu";
    case v1::DEVICE_KIND_UNATTRIBUTED:
      return "unattributed";
    case v1::DEVICE_KIND_VFIO_USER:
      return "vfio-user";
    default:
      return "unknown";
  }
}

std::string HostDeviceTable(const std::vector<v1::HostDevice>& devices,
                            bool coloured) {
  std::vector<NotedRow> rows = {{TitleRow(
      {"NAME", "KIND", "DRIVER", "GROUP", "TYPE", "PARENT", "OWNER", "DISPLAY"},
      coloured)}};
  bool unknown_owner = false;
  for (const v1::HostDevice& device : devices) {
    const std::string owner = OwnerText(device);
    unknown_owner = unknown_owner || owner == kUnknownOwner;
    const bool unattributed =
        device.kind() == v1::DEVICE_KIND_UNATTRIBUTED && device.has_loan();
    rows.push_back({{OrDash(device.name()), DeviceKindName(device.kind()),
                     OrDash(device.driver()), OrDash(device.iommu_group()),
                     OrDash(TypeText(device)), OrDash(device.parent()),
                     OrDash(owner), OrDash(device.display())},
                    unattributed ? device.loan().evidence() : ""});
  }
  std::string text = FormatTable(rows);
  if (unknown_owner) {
    text += absl::StrFormat("\n%s: %s.\n", kUnknownOwner, kWhyUnknown);
  }
  return text;
}

std::vector<TableRow> HostDeviceRows(const v1::HostDevice& device) {
  std::vector<TableRow> rows;
  const auto add = [&rows](const char* key, const std::string& value) {
    if (!value.empty()) rows.push_back({key, Printable(value)});
  };
  add("host device:",
      device.name().empty()
          ? DeviceKindName(device.kind())
          : device.name() + ", " + DeviceKindName(device.kind()));
  const std::string owner = OwnerText(device);
  if (owner == kUnknownOwner) {
    add("owner:", std::string("unknown: ") + kWhyUnknown);
  } else {
    rows.push_back({"owner:", OrDash(owner)});
  }
  if (device.has_loan()) {
    add("evidence:", device.loan().evidence());
    add("open in:", HoldersText(device));
  }
  add("driver:", device.driver());
  add("IOMMU group:", device.iommu_group());
  add("type:", TypeText(device));
  add("parent:", ParentText(device));
  return rows;
}

nlohmann::json HostDeviceJson(const v1::HostDevice& device) {
  nlohmann::json holders = nlohmann::json::array();
  for (const v1::DeviceHolder& holder : device.holders()) {
    holders.push_back({{"pid", holder.pid()}, {"command", holder.command()}});
  }
  return {{"kind", DeviceKindName(device.kind())},
          {"name", device.name()},
          {"driver", device.driver()},
          {"iommu_group", device.iommu_group()},
          {"pci_id", device.pci_id()},
          {"pci_class", device.pci_class()},
          {"mdev_type", device.mdev_type()},
          {"mdev_type_name", device.mdev_type_name()},
          {"vgpu_type", device.vgpu_type()},
          {"parent", device.parent()},
          {"parent_driver", device.parent_driver()},
          {"holders", holders},
          {"holders_incomplete", device.holders_incomplete()},
          {"loan", LoanJson(device)},
          {"display", device.display()}};
}

}  // namespace oriel::clients
