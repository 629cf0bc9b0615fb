#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "capture/borrow/host.h"
#include "capture/borrow/identify.h"
#include "capture/borrow/process.h"

namespace oriel::capture {

// A VFIO device of a VMM, with a verified copy of its fd.
struct VmmDevice {
  int vmm_fd = -1;
  UniqueFd fd;
  Identity identity;
  bool may_be_display = false;
  bool dma_bufs_allowed = false;  // the VMM's display is off

  // Its mdev is being removed, or its driver unbound, for certain.
  bool leaving() const;
};

// A process with VFIO fds, as it was at one moment.
struct Vmm {
  pid_t pid = 0;
  uint64_t start_time_ticks = 0;
  std::string command;
  std::string name;  // of its VM; empty: it has none
  UniqueFd pidfd;
  std::vector<VmmDevice> devices;
  // Why a device is not among them, for people: "fd 31: ...".
  std::vector<std::string> problems;
};

// "win11 (pid 7)", for people.
std::string WhoIs(const Vmm& vmm);

// Copies the VFIO devices among `fds` of the process, verifies and identifies
// the copies. kNotFound: it ended meanwhile, or is another process.
// kPermissionDenied and kUnimplemented: no fd can be copied.
absl::StatusOr<Vmm> LookAtVmm(Host& host, pid_t pid, const VfioFds& fds);

// "win11.83b8...", unique among names that `taken` knows; at most 64 bytes. Of
// a VM called "Windows 11 (test)" it begins with "Windows-11-test".
std::string DisplayName(const Vmm& vmm, const Identity& identity,
                        const std::function<bool(const std::string&)>& taken);

}  // namespace oriel::capture
