#include "capture/borrow/renamed_groups.h"

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "capture/borrow/identify.h"

namespace oriel::capture {
namespace {

constexpr size_t kMaxMountBytes = 4 << 20;
constexpr size_t kMaxFdInfoBytes = 4096;
constexpr size_t kMaxFds = 65536;

// Where device files are.
const std::set<std::string>& LocalFileSystems() {
  static const auto& types = *new std::set<std::string>{
      "btrfs",   "devtmpfs", "ext2",   "ext3",  "ext4", "f2fs",
      "overlay", "ramfs",    "rootfs", "tmpfs", "xfs",  "zfs",
  };
  return types;
}

// proc(5): "36 35 98:0 /a /b rw,noatime master:1 - ext3 /dev/root rw".
std::set<int> LocalMounts(Host& host, pid_t pid) {
  std::set<int> mounts;
  const absl::StatusOr<std::string> text =
      host.ReadFile(ProcPath(pid, "mountinfo"), kMaxMountBytes);
  if (!text.ok()) return mounts;
  for (const std::string& line :
       std::vector<std::string>(absl::StrSplit(*text, '\n'))) {
    const size_t dash = line.find(" - ");
    int id = 0;
    if (dash == std::string::npos ||
        !absl::SimpleAtoi(line.substr(0, line.find(' ')), &id)) {
      continue;
    }
    const size_t type = dash + 3;
    if (LocalFileSystems().contains(
            line.substr(type, line.find(' ', type) - type))) {
      mounts.insert(id);
    }
  }
  return mounts;
}

// fdinfo's "mnt_id:\t36"; -1: none.
int MountOf(Host& host, pid_t pid, const std::string& fd) {
  const absl::StatusOr<std::string> text =
      host.ReadFile(ProcPath(pid, "fdinfo/" + fd), kMaxFdInfoBytes);
  if (!text.ok()) return -1;
  for (const std::string& line :
       std::vector<std::string>(absl::StrSplit(*text, '\n'))) {
    int id = 0;
    if (absl::StartsWith(line, "mnt_id:") &&
        absl::SimpleAtoi(line.substr(line.find(':') + 1), &id)) {
      return id;
    }
  }
  return -1;
}

}  // namespace

std::vector<VfioFd> FindRenamedGroups(Host& host, pid_t pid) {
  std::vector<VfioFd> groups;
  const std::set<int> mounts = LocalMounts(host, pid);
  const absl::StatusOr<std::vector<std::string>> names =
      host.ListNames(ProcPath(pid, "fd"), kMaxFds);
  if (mounts.empty() || !names.ok()) return groups;
  for (const std::string& name : *names) {
    const std::string path = ProcPath(pid, "fd/" + name);
    const absl::StatusOr<std::string> link = host.ReadLink(path);
    VfioFd fd;
    if (!link.ok() || !absl::StartsWith(*link, "/") ||
        absl::StrContains(*link, "/vfio/") || !absl::SimpleAtoi(name, &fd.fd) ||
        !mounts.contains(MountOf(host, pid, name)) ||
        ReadVfioNode(host, path).group.empty()) {
      continue;
    }
    fd.link = *link;
    groups.push_back(std::move(fd));
  }
  return groups;
}

}  // namespace oriel::capture
