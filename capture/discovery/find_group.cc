#include "capture/discovery/find_group.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <regex>
#include <system_error>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace oriel::capture {
namespace {

namespace fs = std::filesystem;

// An error message names a handful, not a farm.
constexpr size_t kMaxNamed = 8;

bool IsUuid(const std::string& name) {
  static const std::regex pattern(
      "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
  return std::regex_match(name, pattern);
}

// The last part of where a link leads; empty when there is no link.
std::string LinkName(const fs::path& link) {
  std::error_code error;
  return fs::read_symlink(link, error).filename().string();
}

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

absl::Status NoSuchMdev(const std::string& name, const HostPaths& host) {
  if (!Exists(fs::path(host.sysfs) / "bus/mdev")) {
    return absl::NotFoundError(absl::StrFormat(
        "find mdev %s: the kernel knows no mdevs; load the vGPU's driver "
        "(modprobe mdev, then the vendor's module)",
        name));
  }
  std::vector<std::string> there = ListMdevs(host);
  const bool cut = there.size() > kMaxNamed;
  if (cut) there.resize(kMaxNamed);
  return absl::NotFoundError(absl::StrFormat(
      "find mdev %s: it does not exist (there: %s%s); create it by writing "
      "its UUID to "
      "/sys/class/mdev_bus/PARENT/mdev_supported_types/TYPE/create",
      name, there.empty() ? "none" : absl::StrJoin(there, ", "),
      cut ? ", and more" : ""));
}

absl::Status NoGroup(const std::string& name) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "find the VFIO group of %s: the device is in no IOMMU group; is the "
      "IOMMU switched on in the firmware and on the kernel's command line "
      "(intel_iommu=on; AMD: by default)?",
      name));
}

absl::Status NoGroupFile(const std::string& name, const std::string& path,
                         const std::string& driver, bool is_mdev) {
  const std::string bound = driver.empty()
                                ? "no driver has the device"
                                : absl::StrFormat("its driver is %s", driver);
  return absl::FailedPreconditionError(absl::StrFormat(
      "find the VFIO group of %s: %s does not exist; %s; %s", name, path, bound,
      is_mdev ? "load the module vfio_mdev or the vendor's own"
              : absl::StrFormat("bind it to vfio-pci (driverctl set-override "
                                "%s vfio-pci)",
                                name)));
}

}  // namespace

absl::StatusOr<std::string> CanonicalDeviceName(const std::string& name) {
  // Longer names are neither, and std::regex recurses.
  constexpr size_t kLongestName = 64;
  static const std::regex pci_address(
      "([0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]");
  std::string small = name.substr(0, kLongestName);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (name.size() < kLongestName) {
    if (IsUuid(small)) return small;
    if (std::regex_match(small, pci_address)) {
      const bool has_domain = std::count(small.begin(), small.end(), ':') == 2;
      return has_domain ? small : "0000:" + small;
    }
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "find device '%s': that is neither an mdev's UUID "
      "(83b8f4f2-509f-382f-3c1e-e6bfe0fa1001) nor a PCI address "
      "(0000:00:02.0)",
      small));
}

absl::StatusOr<std::string> FindGroupPath(const std::string& name,
                                          const HostPaths& host) {
  ASSIGN_OR_RETURN(const std::string device, CanonicalDeviceName(name));
  const bool is_mdev = IsUuid(device);
  const fs::path folder = fs::path(host.sysfs) /
                          (is_mdev ? "bus/mdev/devices" : "bus/pci/devices") /
                          device;
  if (!Exists(folder)) {
    if (is_mdev) return NoSuchMdev(device, host);
    return absl::NotFoundError(absl::StrFormat(
        "find PCI device %s: it does not exist; lspci -D lists those that do",
        device));
  }
  const std::string group = LinkName(folder / "iommu_group");
  if (group.empty() || !std::all_of(group.begin(), group.end(), ::isdigit))
    return NoGroup(device);
  std::string kind;
  std::ifstream(folder / "iommu_group/name") >> kind;
  const fs::path path = fs::path(host.dev_vfio) /
                        (kind == "vfio-noiommu" ? "noiommu-" + group : group);
  if (!Exists(path)) {
    return NoGroupFile(device, path.string(), LinkName(folder / "driver"),
                       is_mdev);
  }
  return path.string();
}

std::vector<std::string> ListMdevs(const HostPaths& host) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(fs::path(host.sysfs) / "bus/mdev/devices",
                               error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (IsUuid(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace oriel::capture
