#include "capture/discovery/find_group.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace oriel::capture {
namespace {

namespace fs = std::filesystem;

// An error message names a handful, not a farm.
constexpr size_t kMaxNamed = 8;

// `pattern` is compared byte by byte, x standing for any hexadecimal digit of
// small letters.
bool Matches(const std::string& name, const std::string& pattern) {
  return std::equal(name.begin(), name.end(), pattern.begin(), pattern.end(),
                    [](char c, char wanted) {
                      if (wanted != 'x') return c == wanted;
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                    });
}

bool IsUuid(const std::string& name) {
  return Matches(name, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

// Bus, device and function; the function is 0 to 7.
bool IsShortPciAddress(const std::string& name) {
  return Matches(name, "xx:xx.x") && name.back() >= '0' && name.back() <= '7';
}

// Domains have four digits, and more where a controller makes its own.
bool IsPciAddress(const std::string& name) {
  const size_t colon = name.find(':');
  return colon != std::string::npos && colon >= 4 && colon <= 8 &&
         Matches(name.substr(0, colon), std::string(colon, 'x')) &&
         IsShortPciAddress(name.substr(colon + 1));
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
  // Only so much of what is no name at all is repeated in the error.
  constexpr size_t kLongestName = 64;
  std::string small = name.substr(0, kLongestName);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (name.size() < kLongestName) {
    if (IsUuid(small) || IsPciAddress(small)) return small;
    if (IsShortPciAddress(small)) return "0000:" + small;
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
  // The group's name does not tell which: the kernel calls the groups of all
  // mdevs without an IOMMU "vfio-noiommu", but their files are ordinary ones.
  const fs::path path = fs::path(host.dev_vfio) / group;
  const fs::path noiommu = fs::path(host.dev_vfio) / ("noiommu-" + group);
  if (!Exists(path)) {
    if (Exists(noiommu)) return noiommu.string();
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
