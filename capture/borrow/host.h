#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace oriel::capture {

// As it stands in sysfs' vendor and device, or at offset 0 of config space.
struct PciIds {
  uint16_t vendor = 0;
  uint16_t device = 0;
  friend bool operator==(const PciIds&, const PciIds&) = default;
};

// What a VFIO device tells of itself.
struct DeviceFacts {
  std::optional<PciIds> ids;  // empty: no readable config space
  // False only where it says that it is something else than a display.
  bool may_be_display = true;
  // All that it tells and does not change by itself, as bytes to be compared:
  // regions, the head of config space with the addresses that the guest gave
  // it, kinds of planes.
  std::string likeness;
};

// All that oriel-borrow asks of the kernel, so that a test can play it. Nothing
// here changes an open device or another process. kNotFound: it is not there
// (any more); kPermissionDenied; kUnimplemented: the kernel cannot do that.
// Thread-compatible.
class Host {
 public:
  virtual ~Host() = default;

  // The names in a folder, at most `max` of them, without "." and "..".
  virtual absl::StatusOr<std::vector<std::string>> ListNames(
      const std::string& folder, size_t max) = 0;
  // The processes with ids of at least `from`, at most `max`, in ascending
  // order; costs what they are, not what there is below them.
  virtual absl::StatusOr<std::vector<pid_t>> ListProcesses(pid_t from,
                                                           size_t max) = 0;
  // The first max_bytes.
  virtual absl::StatusOr<std::string> ReadFile(const std::string& path,
                                               size_t max_bytes) = 0;
  virtual absl::StatusOr<std::string> ReadLink(const std::string& path) = 0;
  // "MAJOR:MINOR" of a character device, links followed; kNotFound for others.
  virtual absl::StatusOr<std::string> CharDeviceNumber(
      const std::string& path) = 0;

  virtual absl::StatusOr<UniqueFd> OpenPidFd(pid_t pid) = 0;
  virtual bool HasEnded(int pidfd) = 0;
  // pidfd_getfd(2); closed on exec.
  virtual absl::StatusOr<UniqueFd> CopyFd(int pidfd, int fd) = 0;
  // Whether the process's fd and our own are one open file: kcmp(2).
  // kFailedPrecondition: the process has no such fd.
  virtual absl::StatusOr<bool> SameFile(pid_t pid, int fd, int own_fd) = 0;
  // The same of two other processes' fds.
  virtual absl::StatusOr<bool> SameFileElsewhere(pid_t pid, int fd,
                                                 pid_t other_pid,
                                                 int other_fd) = 0;
  // An inotify instance, readable when a file that was added to it was closed
  // by the last of those who have it open in common; takes what has come since.
  virtual absl::StatusOr<UniqueFd> NewCloseEvents() = 0;
  virtual absl::Status AddCloseEvents(int events, const std::string& path) = 0;
  virtual bool TakeCloseEvents(int events) = 0;
  // An error: it is no VFIO device, or not ready.
  virtual absl::StatusOr<DeviceFacts> AskDevice(int own_fd) = 0;
  // The same of a device by its name, through a copy of its group's file. Of a
  // device that is open already nothing but a counter notices.
  virtual absl::StatusOr<DeviceFacts> AskMember(int own_group_fd,
                                                const std::string& name) = 0;

  // The real one.
  static Host& Real();
};

}  // namespace oriel::capture
