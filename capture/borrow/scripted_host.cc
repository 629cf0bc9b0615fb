#include "capture/borrow/scripted_host.h"

#include <dirent.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace oriel::capture {
namespace {

absl::Status NotThere(const std::string& path) {
  return absl::NotFoundError(path + ": No such file or directory");
}

std::string ProcFolder(pid_t pid) { return absl::StrFormat("/proc/%d", pid); }

}  // namespace

ScriptedHost::ScriptedHost() {
  SetFile("/proc/self/status", "Name:\tx\nCapEff:\t000001ffffffffff\n");
  SetFile("/proc/self/uid_map", "         0          0 4294967295\n");
  AddProcess(getpid(), "oriel-borrow");
}

ScriptedHost::~ScriptedHost() = default;

void ScriptedHost::AddProcess(pid_t pid, const std::string& command,
                              const std::string& arguments,
                              uint64_t start_time) {
  processes_[pid] = ++last_serial_;
  last_pid_ = pid;
  std::string cmdline = arguments + (arguments.empty() ? "" : "|");
  std::replace(cmdline.begin(), cmdline.end(), '|', '\0');
  SetFile(ProcFolder(pid) + "/cmdline", cmdline);
  SetFile(ProcFolder(pid) + "/stat",
          absl::StrFormat("%d (%s) S 1 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 "
                          "0 %u 1000 10\n",
                          pid, command, start_time));
}

void ScriptedHost::EndProcess(pid_t pid) {
  processes_.erase(pid);
  fds_.erase(pid);
  Remove(ProcFolder(pid));
}

int ScriptedHost::OpenFile(pid_t pid, int fd, const File& file) {
  open_files_.push_back(file);
  const int key = static_cast<int>(open_files_.size()) - 1;
  ShareFile(pid, fd, key);
  return key;
}

void ScriptedHost::AddMdev(const std::string& uuid, const std::string& group) {
  SetLink("/sys/bus/mdev/devices/" + uuid, "../../../devices/" + uuid);
  SetLink("/sys/kernel/iommu_groups/" + group + "/devices/" + uuid, "x");
  SetLink("/sys/dev/char/240:" + group, "../../devices/virtual/vfio/" + group);
}

void ScriptedHost::AddPciDevice(const std::string& address,
                                const std::string& group,
                                const std::string& driver, PciIds ids) {
  const std::string folder = "/sys/bus/pci/devices/" + address;
  SetFile(folder + "/vendor", absl::StrFormat("0x%04x\n", ids.vendor));
  SetFile(folder + "/device", absl::StrFormat("0x%04x\n", ids.device));
  if (!driver.empty()) {
    SetLink(folder + "/driver", "../../../bus/pci/drivers/" + driver);
  }
  SetLink("/sys/kernel/iommu_groups/" + group + "/devices/" + address, "x");
  SetLink("/sys/dev/char/240:" + group, "../../devices/virtual/vfio/" + group);
}

void ScriptedHost::RemoveMdevLink(const std::string& uuid) {
  Remove("/sys/bus/mdev/devices/" + uuid);
}

void ScriptedHost::HoldGroup(pid_t pid, int fd, const std::string& group) {
  File file;
  file.link = "/dev/vfio/" + group;
  file.number = "240:" + group;
  OpenFile(pid, fd, file);
}

void ScriptedHost::HoldContainer(pid_t pid, int fd) {
  File file;
  file.link = "/dev/vfio/vfio";
  file.number = "10:196";
  OpenFile(pid, fd, file);
}

void ScriptedHost::CloseFile(pid_t pid, int fd) {
  closes_ += told_closes_.contains(fds_[pid][fd]) ? 1 : 0;
  fds_[pid].erase(fd);
}

void ScriptedHost::SetFile(const std::string& path, const std::string& text) {
  files_[path] = text;
}

void ScriptedHost::SetLink(const std::string& path, const std::string& target) {
  links_[path] = target;
}

void ScriptedHost::Remove(const std::string& path) {
  const auto below = [&](const auto& item) {
    return item.first == path || absl::StartsWith(item.first, path + "/");
  };
  std::erase_if(files_, below);
  std::erase_if(links_, below);
}

int ScriptedHost::CopiesOf(int key) const {
  const std::string name = absl::StrFormat("file-%d", key);
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::atoi(entry.path().filename().c_str());
    count += NameOfCopy(fd) == name ? 1 : 0;
  }
  return count;
}

int ScriptedHost::AllCopies() const {
  int count = 0;
  for (size_t key = 0; key < open_files_.size(); ++key) {
    count += CopiesOf(static_cast<int>(key));
  }
  return count;
}

void ScriptedHost::Step() {
  if (++steps == end_at) EndProcess(ends);
}

std::string ScriptedHost::NameOfCopy(int fd) {
  std::array<char, 256> target;
  const ssize_t size = readlink(absl::StrFormat("/proc/self/fd/%d", fd).c_str(),
                                target.data(), target.size());
  const std::string link(target.data(),
                         size > 0 ? static_cast<size_t>(size) : 0);
  if (!absl::StartsWith(link, "/memfd:")) return {};
  return link.substr(7, link.find(' ') - 7);
}

UniqueFd ScriptedHost::Copy(const std::string& name) {
  return UniqueFd(memfd_create(name.c_str(), MFD_CLOEXEC));
}

// /proc/PID/fd/N or /proc/self/fd/N.
const ScriptedHost::File* ScriptedHost::FileAt(const std::string& path) const {
  int pid = 0;
  int fd = 0;
  if (std::sscanf(path.c_str(), "/proc/self/%*[a-z]/%d", &fd) == 1) {
    int key = 0;
    if (std::sscanf(NameOfCopy(fd).c_str(), "file-%d", &key) != 1)
      return nullptr;
    return &open_files_[static_cast<size_t>(key)];
  }
  if (std::sscanf(path.c_str(), "/proc/%d/fd/%d", &pid, &fd) != 2 &&
      std::sscanf(path.c_str(), "/proc/%d/fdinfo/%d", &pid, &fd) != 2) {
    return nullptr;
  }
  const auto process = fds_.find(pid);
  if (process == fds_.end() || process->second.count(fd) == 0) return nullptr;
  return &open_files_[static_cast<size_t>(process->second.at(fd))];
}

absl::StatusOr<std::vector<std::string>> ScriptedHost::ListNames(
    const std::string& folder, size_t max) {
  Step();
  std::set<std::string> names;
  if (folder == "/proc") {
    for (const auto& [pid, serial] : processes_) {
      names.insert(absl::StrFormat("%d", pid));
    }
  }
  if (folder == "/sys/class/vfio" && has_vfio && !counts_files)
    names.insert("12");
  int pid = 0;
  if (std::sscanf(folder.c_str(), "/proc/%d/fd", &pid) == 1) {
    if (processes_.count(pid) == 0) return NotThere(folder);
    for (const auto& [fd, key] : fds_[pid]) {
      names.insert(absl::StrFormat("%d", fd));
    }
  } else {
    for (const auto* map : {&files_, &links_}) {
      for (const auto& [path, text] : *map) {
        if (!absl::StartsWith(path, folder + "/")) continue;
        const std::string rest = path.substr(folder.size() + 1);
        names.insert(rest.substr(0, rest.find('/')));
      }
    }
    if (names.empty()) return NotThere(folder);
  }
  std::vector<std::string> result(names.begin(), names.end());
  result.resize(std::min(result.size(), max));
  return result;
}

absl::StatusOr<std::vector<pid_t>> ScriptedHost::ListProcesses(pid_t from,
                                                               size_t max) {
  Step();
  std::vector<pid_t> pids;
  for (auto at = processes_.lower_bound(from);
       at != processes_.end() && pids.size() < max; ++at) {
    pids.push_back(at->first);
    ++processes_listed;
  }
  return pids;
}

// As the kernel counts them, however many processes share one; our copies keep
// a file open, too.
int ScriptedHost::OpenVfioFiles() const {
  std::set<int> keys;
  for (const auto& [pid, fds] : fds_) {
    for (const auto& [fd, key] : fds) {
      const std::string& link = open_files_[static_cast<size_t>(key)].link;
      if (absl::StrContains(link, "vfio")) keys.insert(key);
    }
  }
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::atoi(entry.path().filename().c_str());
    int key = 0;
    if (std::sscanf(NameOfCopy(fd).c_str(), "file-%d", &key) == 1) {
      keys.insert(key);
    }
  }
  return static_cast<int>(keys.size());
}

absl::StatusOr<std::string> ScriptedHost::ReadFile(const std::string& path,
                                                   size_t max_bytes) {
  Step();
  if (path == "/sys/module/vfio/refcnt" && counts_files) {
    ++count_reads;
    return absl::StrFormat("%d\n", OpenVfioFiles());
  }
  if (path == "/proc/loadavg" && !ignores_loadavg) {
    return absl::StrFormat("0.00 0.01 0.05 1/123 %d\n", last_pid_);
  }
  if (absl::StrContains(path, "/fdinfo/")) {
    const File* file = FileAt(path);
    if (file == nullptr) return NotThere(path);
    return file->fdinfo;
  }
  const auto found = files_.find(path);
  if (found == files_.end()) return NotThere(path);
  return found->second.substr(0, max_bytes);
}

absl::StatusOr<std::string> ScriptedHost::ReadLink(const std::string& path) {
  Step();
  int pid = 0;
  if (std::sscanf(path.c_str(), "/proc/%d/fd", &pid) == 1 &&
      denied.count(pid) > 0) {
    return absl::PermissionDeniedError(path + ": Permission denied");
  }
  if (const File* file = FileAt(path)) return file->link;
  const auto found = links_.find(path);
  if (found == links_.end()) return NotThere(path);
  return found->second;
}

absl::StatusOr<std::string> ScriptedHost::CharDeviceNumber(
    const std::string& path) {
  Step();
  const File* file = FileAt(path);
  if (file == nullptr || file->number.empty()) return NotThere(path);
  return file->number;
}

absl::StatusOr<UniqueFd> ScriptedHost::OpenPidFd(pid_t pid) {
  Step();
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return NotThere("pid");
  return Copy(absl::StrFormat("process-%d", found->second));
}

bool ScriptedHost::HasEnded(int pidfd) {
  Step();
  return std::none_of(processes_.begin(), processes_.end(),
                      [&](const auto& process) {
                        return NameOfCopy(pidfd) ==
                               absl::StrFormat("process-%d", process.second);
                      });
}

absl::StatusOr<UniqueFd> ScriptedHost::CopyFd(int pidfd, int fd) {
  Step();
  if (!copy_error.ok()) return copy_error;
  for (const auto& [pid, serial] : processes_) {
    if (NameOfCopy(pidfd) != absl::StrFormat("process-%d", serial)) continue;
    if (pid == getpid()) return Copy("own");
    const auto found = fds_[pid].find(fd);
    if (found == fds_[pid].end()) {
      return absl::FailedPreconditionError("pidfd_getfd: Bad file descriptor");
    }
    return Copy(absl::StrFormat("file-%d", found->second));
  }
  return absl::NotFoundError("pidfd_getfd: No such process");
}

absl::StatusOr<bool> ScriptedHost::SameFile(pid_t pid, int fd, int own_fd) {
  Step();
  if (!kcmp_error.ok()) return kcmp_error;
  if (pid == getpid()) {
    return NameOfCopy(own_fd).empty() || NameOfCopy(fd) == NameOfCopy(own_fd);
  }
  if (processes_.count(pid) == 0) return absl::NotFoundError("kcmp: ESRCH");
  const auto found = fds_[pid].find(fd);
  if (found == fds_[pid].end()) {
    return absl::FailedPreconditionError("kcmp: Bad file descriptor");
  }
  return NameOfCopy(own_fd) == absl::StrFormat("file-%d", found->second);
}

absl::StatusOr<bool> ScriptedHost::SameFileElsewhere(pid_t pid, int fd,
                                                     pid_t other_pid,
                                                     int other_fd) {
  Step();
  if (!kcmp_error.ok()) return kcmp_error;
  for (const pid_t each : {pid, other_pid}) {
    if (!processes_.contains(each)) return absl::NotFoundError("kcmp: ESRCH");
  }
  const auto found = fds_[pid].find(fd);
  const auto other = fds_[other_pid].find(other_fd);
  if (found == fds_[pid].end() || other == fds_[other_pid].end()) {
    return absl::FailedPreconditionError("kcmp: Bad file descriptor");
  }
  return found->second == other->second;
}

absl::StatusOr<UniqueFd> ScriptedHost::NewCloseEvents() {
  Step();
  return Copy("closes");
}

absl::Status ScriptedHost::AddCloseEvents(int events, const std::string& path) {
  Step();
  const File* file = FileAt(path);
  if (file == nullptr || NameOfCopy(events) != "closes") return NotThere(path);
  told_closes_.insert(static_cast<int>(file - open_files_.data()));
  return absl::OkStatus();
}

bool ScriptedHost::TakeCloseEvents(int) {
  Step();
  return std::exchange(closes_, 0) > 0;
}

absl::StatusOr<DeviceFacts> ScriptedHost::AskMember(int own_group_fd,
                                                    const std::string& name) {
  Step();
  ++members_asked;
  const File* file = FileAt(absl::StrFormat("/proc/self/fd/%d", own_group_fd));
  if (file == nullptr || !absl::StartsWith(file->number, "240:")) {
    return absl::InvalidArgumentError("no group");
  }
  const std::string group = file->number.substr(4);
  const auto found = members_.find(name);
  if (found == members_.end() || !links_.contains("/sys/kernel/iommu_groups/" +
                                                  group + "/devices/" + name)) {
    return absl::NotFoundError("no such device in the group");
  }
  return found->second;
}

absl::StatusOr<DeviceFacts> ScriptedHost::AskDevice(int own_fd) {
  Step();
  const File* file = FileAt(absl::StrFormat("/proc/self/fd/%d", own_fd));
  if (file == nullptr) return absl::InvalidArgumentError("not a copy");
  return file->facts;
}

}  // namespace oriel::capture
