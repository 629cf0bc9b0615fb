#include "capture/discovery/fake_host.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace oriel::capture {
namespace {

namespace fs = std::filesystem;

void WriteFile(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

FakeHost::FakeHost() {
  const char* folder = std::getenv("TEST_TMPDIR");
  root_ = std::string(folder != nullptr ? folder : "/tmp") + "/host-XXXXXX";
  if (mkdtemp(root_.data()) == nullptr) std::abort();
  paths_ = {root_ + "/sys", root_ + "/proc", root_ + "/dev/vfio"};
  for (const std::string& path : {paths_.sysfs, paths_.proc, paths_.dev_vfio})
    fs::create_directories(path);
}

FakeHost::~FakeHost() {
  std::error_code error;
  fs::remove_all(root_, error);
}

void FakeHost::AddDevice(const std::string& bus, const std::string& name,
                         const std::string& group, const std::string& driver) {
  const fs::path bus_folder = fs::path(paths_.sysfs) / "bus" / bus;
  const fs::path folder = bus_folder / "devices" / name;
  fs::create_directories(folder);
  if (!driver.empty()) {
    fs::create_directories(bus_folder / "drivers" / driver);
    fs::create_directory_symlink(bus_folder / "drivers" / driver,
                                 folder / "driver");
  }
  if (group.empty()) return;
  const fs::path group_folder =
      fs::path(paths_.sysfs) / "kernel/iommu_groups" / group;
  fs::create_directories(group_folder);
  fs::create_directory_symlink(group_folder, folder / "iommu_group");
}

void FakeHost::AddMdev(const std::string& uuid, const std::string& group,
                       const std::string& driver) {
  AddDevice("mdev", uuid, group, driver);
}

void FakeHost::AddPciDevice(const std::string& address,
                            const std::string& group,
                            const std::string& driver) {
  AddDevice("pci", address, group, driver);
}

void FakeHost::AddMdevOf(const std::string& parent, const std::string& uuid,
                         const std::string& group, const std::string& type) {
  const std::string home = "devices/" + parent + "/" + uuid;
  AddMdev(uuid, group);
  fs::create_directories((fs::path(paths_.sysfs) / home).parent_path());
  const std::string listed = "bus/mdev/devices/" + uuid;
  fs::rename(fs::path(paths_.sysfs) / listed, fs::path(paths_.sysfs) / home);
  LinkSysfs(listed, home);
  LinkSysfs(home + "/mdev_type",
            "devices/" + parent + "/mdev_supported_types/" + type);
}

void FakeHost::WriteSysfs(const std::string& path, const std::string& text) {
  WriteFile(fs::path(paths_.sysfs) / path, text);
}

void FakeHost::LinkSysfs(const std::string& path, const std::string& target) {
  const fs::path link = fs::path(paths_.sysfs) / path;
  fs::create_directories(link.parent_path());
  fs::create_symlink(fs::path(paths_.sysfs) / target, link);
}

void FakeHost::RemoveSysfs(const std::string& path) {
  // At once for who looks meanwhile, as the kernel does it.
  const fs::path removed = fs::path(root_) / "removed";
  fs::rename(fs::path(paths_.sysfs) / path, removed);
  fs::remove_all(removed);
}

void FakeHost::SetGroupName(const std::string& group, const std::string& name) {
  WriteFile(fs::path(paths_.sysfs) / "kernel/iommu_groups" / group / "name",
            name + "\n");
}

std::string FakeHost::AddGroupFile(const std::string& name) {
  const std::string path = paths_.dev_vfio + "/" + name;
  WriteFile(path, "");
  return path;
}

void FakeHost::AddProcess(const std::string& pid, const std::string& command,
                          const std::string& target) {
  const fs::path folder = fs::path(paths_.proc) / pid;
  WriteFile(folder / "comm", command);
  fs::create_directories(folder / "fd");
  fs::create_symlink(target, folder / "fd/3");
}

}  // namespace oriel::capture
