// What sysfs says of devices and groups.

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "capture/borrow/identify.h"

namespace oriel::capture {
namespace {

constexpr size_t kMaxGroupMembers = 256;
constexpr size_t kMaxAttributeBytes = 64;

std::string LastPart(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string WithoutLastPart(const std::string& path) {
  return path.substr(0, std::min(path.rfind('/'), path.size()));
}

// Such as "0x8086\n".
std::optional<uint16_t> ReadHex(Host& host, const std::string& path) {
  const absl::StatusOr<std::string> text =
      host.ReadFile(path, kMaxAttributeBytes);
  uint32_t value = 0;
  if (!text.ok() || !absl::SimpleHexAtoi(*text, &value) || value > 0xFFFF) {
    return std::nullopt;
  }
  return static_cast<uint16_t>(value);
}

std::string FolderOf(const std::string& name) {
  return (IsMdevUuid(name) ? "/sys/bus/mdev/devices/"
                           : "/sys/bus/pci/devices/") +
         name;
}

// The name of a device's driver; empty without one.
std::string DriverOf(Host& host, const std::string& folder) {
  const absl::StatusOr<std::string> link = host.ReadLink(folder + "/driver");
  return link.ok() ? LastPart(*link) : "";
}

// A PCI device that no VFIO driver holds now cannot be open.
bool CanBeOpen(Host& host, const std::string& name) {
  if (IsMdevUuid(name)) return true;
  const std::string driver = DriverOf(host, FolderOf(name));
  if (driver == "pcieport" || driver == "pci-stub") return false;
  // Without a driver it may be on its way out and still open.
  if (driver.empty() || driver == "vfio-pci") return true;
  // Drivers such as nvidia or mlx5_vfio_pci: since Linux 6.1 each VFIO device
  // has this folder.
  return host.ListNames(FolderOf(name) + "/vfio-dev", 1).ok() ||
         !host.ListNames("/sys/class/vfio-dev", 1).ok();
}

}  // namespace

absl::StatusOr<Candidate> ReadCandidate(Host& host, const std::string& name) {
  Candidate candidate;
  candidate.name = name;
  if (IsMdevUuid(name)) {
    candidate.watch_link = FolderOf(name);
  } else if (IsPciAddress(name)) {
    // The bus takes this link away before it calls the driver's remove.
    candidate.watch_link = FolderOf(name) + "/driver";
    if (DriverOf(host, FolderOf(name)) == "vfio-pci") {
      const auto vendor = ReadHex(host, FolderOf(name) + "/vendor");
      const auto device = ReadHex(host, FolderOf(name) + "/device");
      if (vendor && device) candidate.ids = PciIds{*vendor, *device};
    }
  } else {
    return absl::NotFoundError(name + " is neither an mdev nor a PCI device");
  }
  candidate.leaving = !host.ReadLink(candidate.watch_link).ok();
  return candidate;
}

std::vector<Candidate> ReadGroupMembers(Host& host, const std::string& group) {
  std::vector<Candidate> members;
  const absl::StatusOr<std::vector<std::string>> names = host.ListNames(
      "/sys/kernel/iommu_groups/" + group + "/devices", kMaxGroupMembers);
  if (!names.ok()) return members;
  for (const std::string& name : *names) {
    absl::StatusOr<Candidate> candidate = ReadCandidate(host, name);
    if (candidate.ok() && CanBeOpen(host, name)) {
      members.push_back(*std::move(candidate));
    }
  }
  return members;
}

VfioNode ReadVfioNode(Host& host, const std::string& path) {
  VfioNode node;
  const absl::StatusOr<std::string> number = host.CharDeviceNumber(path);
  if (!number.ok()) return node;
  const absl::StatusOr<std::string> link =
      host.ReadLink("/sys/dev/char/" + *number);
  if (!link.ok()) return node;
  // ".../virtual/vfio/7" or ".../DEVICE/vfio-dev/vfio0".
  const std::string parent = LastPart(WithoutLastPart(*link));
  if (parent == "vfio") {
    node.group = std::string(absl::StripPrefix(LastPart(*link), "noiommu-"));
  } else if (parent == "vfio-dev") {
    node.device = LastPart(WithoutLastPart(WithoutLastPart(*link)));
  }
  return node;
}

}  // namespace oriel::capture
