#include "capture/discovery/inventory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/unique_fd.h"

namespace oriel::capture {
namespace {

namespace fs = std::filesystem;

// Drivers and parents name themselves; what they say ends up on terminals.
constexpr size_t kMaxTextBytes = 128;
// More than the virtual functions of any host that was seen.
constexpr size_t kMaxDevicesPerBus = 4096;

std::string Printable(std::string text) {
  if (text.size() > kMaxTextBytes) text.resize(kMaxTextBytes);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

// An attribute's first line; empty when it cannot be read.
std::string ReadAttribute(const fs::path& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat info = {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return {};
  char bytes[kMaxTextBytes];
  const ssize_t got = read(fd.get(), bytes, sizeof(bytes));
  if (got <= 0) return {};
  std::string text(bytes, static_cast<size_t>(got));
  return Printable(text.substr(0, text.find('\n')));
}

// "0x8086" as "8086"; empty when it is no hexadecimal number of `digits`.
std::string ReadHex(const fs::path& path, size_t digits) {
  const std::string text = ReadAttribute(path);
  if (text.size() != digits + 2 || !text.starts_with("0x")) return {};
  const std::string number = text.substr(2);
  return std::all_of(number.begin(), number.end(), ::isxdigit) ? number
                                                               : std::string();
}

// The last part of where a link leads, which need not exist.
std::string LinkName(const fs::path& link) {
  std::error_code error;
  return Printable(fs::read_symlink(link, error).filename().string());
}

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// The entries of `folder` that `is_wanted`, sorted.
template <typename Predicate>
std::vector<std::string> ListNames(const fs::path& folder,
                                   Predicate is_wanted) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (names.size() == kMaxDevicesPerBus) break;
    std::string name = entry->path().filename().string();
    if (is_wanted(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool IsPciAddress(const std::string& name) {
  if (name.find(':') == std::string::npos) return false;
  const absl::StatusOr<std::string> canonical = CanonicalDeviceName(name);
  return canonical.ok() && *canonical == name;
}

// "vfio0" where the kernel has the device in class vfio-dev (6.1 and newer).
std::string VfioDevName(const fs::path& device) {
  const std::vector<std::string> names =
      ListNames(device / "vfio-dev", [](const std::string& name) {
        return name.size() > 4 && name.starts_with("vfio") &&
               std::all_of(name.begin() + 4, name.end(), ::isdigit);
      });
  return names.empty() ? std::string() : names.front();
}

// "7", or "noiommu-7" where the group's file is called so.
std::string GroupName(const fs::path& device, const HostPaths& host) {
  const std::string group = LinkName(device / "iommu_group");
  if (group.empty() || !std::all_of(group.begin(), group.end(), ::isdigit))
    return {};
  const fs::path files(host.dev_vfio);
  const std::string noiommu = "noiommu-" + group;
  return !Exists(files / group) && Exists(files / noiommu) ? noiommu : group;
}

HostDevice ReadCommon(HostDeviceKind kind, const std::string& name,
                      const fs::path& folder, const HostPaths& host) {
  HostDevice device;
  device.kind = kind;
  device.name = name;
  device.driver = LinkName(folder / "driver");
  device.iommu_group = GroupName(folder, host);
  return device;
}

HostDevice ReadMdev(const std::string& uuid, const fs::path& folder,
                    const HostPaths& host) {
  HostDevice device = ReadCommon(HostDeviceKind::kMdev, uuid, folder, host);
  device.mdev_type = LinkName(folder / "mdev_type");
  device.mdev_type_name = ReadAttribute(folder / "mdev_type/name");
  if (device.mdev_type_name.empty()) device.mdev_type_name = device.mdev_type;
  std::error_code error;
  // The bus lists an mdev by a link to where it hangs below its parent.
  if (!fs::is_symlink(folder, error)) return device;
  const fs::path parent = fs::canonical(folder, error).parent_path();
  if (error) return device;
  device.parent = Printable(parent.filename().string());
  device.parent_driver = LinkName(parent / "driver");
  return device;
}

// Empty: no VFIO driver has it, and it is no vGPU either.
std::optional<HostDeviceKind> KindOfPci(const fs::path& folder) {
  if (Exists(folder / "nvidia/current_vgpu_type"))
    return HostDeviceKind::kSriovVgpu;
  // vfio-pci and its variants all have the word in their name. The folder
  // tells of one that does not, but kernels before 6.1 do not have it.
  if (LinkName(folder / "driver").find("vfio") != std::string::npos ||
      !VfioDevName(folder).empty()) {
    return HostDeviceKind::kPci;
  }
  return std::nullopt;
}

HostDevice ReadPci(HostDeviceKind kind, const std::string& address,
                   const fs::path& folder, const HostPaths& host) {
  HostDevice device = ReadCommon(kind, address, folder, host);
  const std::string vendor = ReadHex(folder / "vendor", 4);
  const std::string id = ReadHex(folder / "device", 4);
  if (!vendor.empty() && !id.empty()) device.pci_id = vendor + ":" + id;
  device.pci_class = ReadHex(folder / "class", 6);
  device.parent = LinkName(folder / "physfn");
  device.parent_driver = LinkName(folder / "physfn/driver");
  if (kind == HostDeviceKind::kSriovVgpu)
    device.vgpu_type = ReadAttribute(folder / "nvidia/current_vgpu_type");
  return device;
}

struct Listed {
  HostDevice device;
  fs::path folder;
};

std::vector<Listed> ListAll(const HostPaths& host) {
  std::vector<Listed> all;
  const fs::path bus = fs::path(host.sysfs) / "bus";
  for (const std::string& uuid : ListMdevs(host)) {
    if (all.size() == kMaxDevicesPerBus) break;
    const fs::path folder = bus / "mdev/devices" / uuid;
    HostDevice device = ReadMdev(uuid, folder, host);
    if (Exists(folder)) all.push_back({std::move(device), folder});
  }
  for (const std::string& address :
       ListNames(bus / "pci/devices", IsPciAddress)) {
    const fs::path folder = bus / "pci/devices" / address;
    const std::optional<HostDeviceKind> kind = KindOfPci(folder);
    if (!kind.has_value()) continue;
    HostDevice device = ReadPci(*kind, address, folder, host);
    if (Exists(folder)) all.push_back({std::move(device), folder});
  }
  return all;
}

void AddHolders(const HolderSearch& more, HolderSearch& holders) {
  holders.complete &= more.complete;
  std::vector<Holder>& list = holders.holders;
  list.insert(list.end(), more.holders.begin(), more.holders.end());
  std::sort(list.begin(), list.end(),
            [](const Holder& a, const Holder& b) { return a.pid < b.pid; });
  list.erase(std::unique(list.begin(), list.end(),
                         [](const Holder& a, const Holder& b) {
                           return a.pid == b.pid;
                         }),
             list.end());
}

}  // namespace

std::vector<HostDevice> ListHostDevices(const HostPaths& host) {
  std::vector<Listed> all = ListAll(host);
  std::vector<std::string> files;
  std::vector<size_t> owners;  // files[i] leads to all[owners[i]]
  const auto add = [&](size_t owner, const std::string& file) {
    files.push_back(host.dev_vfio + "/" + file);
    owners.push_back(owner);
  };
  for (size_t i = 0; i < all.size(); ++i) {
    if (const std::string& group = all[i].device.iommu_group; !group.empty())
      add(i, group);
    const std::string own = VfioDevName(all[i].folder);
    if (!own.empty()) add(i, "devices/" + own);
  }
  const std::vector<HolderSearch> searches = FindHoldersOfAll(files, host.proc);
  for (size_t i = 0; i < files.size(); ++i)
    AddHolders(searches[i], all[owners[i]].device.holders);

  std::vector<HostDevice> devices;
  for (Listed& listed : all) devices.push_back(std::move(listed.device));
  std::sort(devices.begin(), devices.end(),
            [](const HostDevice& a, const HostDevice& b) {
              return std::tie(a.kind, a.name) < std::tie(b.kind, b.name);
            });
  return devices;
}

}  // namespace oriel::capture
