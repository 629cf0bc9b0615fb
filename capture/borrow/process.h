#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/borrow/host.h"

namespace oriel::capture {

// Of /proc/PID/stat.
struct ProcessStat {
  std::string command;  // any bytes, at most 64
  bool kernel_thread = false;
  bool exiting = false;  // its fds are gone, or will be at once
  uint64_t start_time_ticks = 0;
};

// kInvalidArgument where a field is missing or no number.
absl::StatusOr<ProcessStat> ParseProcessStat(const std::string& text);
absl::StatusOr<ProcessStat> ReadProcessStat(Host& host, pid_t pid);

// One of a process's fds that lead to VFIO.
struct VfioFd {
  int fd = -1;
  std::string link;
  friend bool operator==(const VfioFd&, const VfioFd&) = default;
};

struct VfioFds {
  // "anon_inode:[vfio-device]", or a cdev, which need not be bound yet.
  std::vector<VfioFd> devices;
  // Group files, containers and what only looks like one: files named
  // ".../vfio/...".
  std::vector<VfioFd> others;
  // It has a KVM virtual machine or an IOMMU file, as VMMs have before they
  // open a device.
  bool runs_vm = false;
  bool empty() const { return devices.empty() && others.empty(); }
  friend bool operator==(const VfioFds&, const VfioFds&) = default;
};

// What the links of a process's fds say; a process can name its files at will,
// so that nothing is proven by it.
absl::StatusOr<VfioFds> ListVfioFds(Host& host, pid_t pid);

std::string ProcPath(pid_t pid, const std::string& file);

}  // namespace oriel::capture
