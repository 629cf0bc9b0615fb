#pragma once

#include <sys/types.h>

#include <string>

#include "capture/discovery/find_group.h"

namespace oriel::capture {

// A host's /sys, /proc and /dev/vfio as plain folders. Removed at its end.
class FakeHost {
 public:
  FakeHost();
  ~FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  const HostPaths& paths() const { return paths_; }

  // An empty group: a device without an IOMMU group.
  void AddMdev(const std::string& uuid, const std::string& group,
               const std::string& driver = "vfio_mdev");
  void AddPciDevice(const std::string& address, const std::string& group,
                    const std::string& driver = "");
  // An mdev as a real bus shows it: a link to below its parent.
  void AddMdevOf(const std::string& parent, const std::string& uuid,
                 const std::string& group, const std::string& type);
  // Below sysfs: "bus/pci/devices/0000:00:02.0/vendor". A link's target is
  // below sysfs too.
  void WriteSysfs(const std::string& path, const std::string& text);
  void LinkSysfs(const std::string& path, const std::string& target);
  void RemoveSysfs(const std::string& path);
  void SetGroupName(const std::string& group, const std::string& name);
  // Creates the group's file; returns its path.
  std::string AddGroupFile(const std::string& name);
  // A process whose fd 3 is open on `target`.
  void AddProcess(const std::string& pid, const std::string& command,
                  const std::string& target);

 private:
  void AddDevice(const std::string& bus, const std::string& name,
                 const std::string& group, const std::string& driver);

  std::string root_;
  HostPaths paths_;
};

}  // namespace oriel::capture
