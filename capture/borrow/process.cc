#include "capture/borrow/process.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"

namespace oriel::capture {
namespace {

constexpr size_t kMaxStatBytes = 4096;
constexpr size_t kMaxCommandBytes = 64;
// A VMM with a thousand disks has a few thousand.
constexpr size_t kMaxFdsOfProcess = 65536;
constexpr size_t kMaxVfioFds = 256;
// linux/sched.h: PF_EXITING, PF_KTHREAD.
constexpr uint64_t kExitingFlag = 0x00000004;
constexpr uint64_t kKernelThreadFlag = 0x00200000;
// proc(5), counted from the field behind the name, which is the third.
constexpr size_t kFlagsField = 9 - 3;
constexpr size_t kStartTimeField = 22 - 3;

constexpr char kDeviceLink[] = "anon_inode:[vfio-device]";

bool IsVmLink(const std::string& link) {
  return link == "anon_inode:kvm-vm" || link == "/dev/iommu";
}

bool IsCdevLink(const std::string& link) {
  return link.find("/vfio/devices/") != std::string::npos;
}

}  // namespace

std::string ProcPath(pid_t pid, const std::string& file) {
  return absl::StrFormat("/proc/%d/%s", pid, file);
}

absl::StatusOr<ProcessStat> ParseProcessStat(const std::string& text) {
  const auto bad = [](const char* what) {
    return absl::InvalidArgumentError(
        absl::StrFormat("/proc/PID/stat without %s", what));
  };
  // The name can hold spaces, parentheses and newlines, the fields behind it
  // cannot.
  const size_t begin = text.find('(');
  const size_t end = text.rfind(')');
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    return bad("a name in parentheses");
  }
  ProcessStat stat;
  stat.command = text.substr(begin + 1, end - begin - 1);
  stat.command.resize(std::min(stat.command.size(), kMaxCommandBytes));
  const std::vector<std::string> fields =
      absl::StrSplit(text.substr(end + 1), ' ', absl::SkipEmpty());
  uint64_t flags = 0;
  if (fields.size() <= kStartTimeField ||
      !absl::SimpleAtoi(fields[kFlagsField], &flags)) {
    return bad("flags");
  }
  if (!absl::SimpleAtoi(fields[kStartTimeField], &stat.start_time_ticks)) {
    return bad("a start time");
  }
  stat.exiting = (flags & kExitingFlag) != 0;
  stat.kernel_thread = (flags & kKernelThreadFlag) != 0;
  return stat;
}

absl::StatusOr<ProcessStat> ReadProcessStat(Host& host, pid_t pid) {
  ASSIGN_OR_RETURN(const std::string text,
                   host.ReadFile(ProcPath(pid, "stat"), kMaxStatBytes));
  return ParseProcessStat(text);
}

absl::StatusOr<VfioFds> ListVfioFds(Host& host, pid_t pid) {
  const std::string folder = ProcPath(pid, "fd");
  ASSIGN_OR_RETURN(const std::vector<std::string> names,
                   host.ListNames(folder, kMaxFdsOfProcess));
  VfioFds fds;
  for (const std::string& name : names) {
    VfioFd fd;
    if (!absl::SimpleAtoi(name, &fd.fd) || fd.fd < 0) continue;
    absl::StatusOr<std::string> link = host.ReadLink(folder + "/" + name);
    if (absl::IsPermissionDenied(link.status())) return link.status();
    if (!link.ok()) continue;  // closed meanwhile
    fd.link = *std::move(link);
    fds.runs_vm |= IsVmLink(fd.link);
    const bool is_device = fd.link == kDeviceLink || IsCdevLink(fd.link);
    if (!is_device && fd.link.find("/vfio/") == std::string::npos) continue;
    std::vector<VfioFd>& kind = is_device ? fds.devices : fds.others;
    if (kind.size() < kMaxVfioFds) kind.push_back(std::move(fd));
  }
  return fds;
}

}  // namespace oriel::capture
