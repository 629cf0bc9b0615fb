#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "capture/borrow/host.h"

namespace oriel::capture {

// A host with processes, fds and sysfs in memory. Copies of fds are real fds,
// so that a test can count them.
class ScriptedHost : public Host {
 public:
  // An open file of a process.
  struct File {
    std::string link = "anon_inode:[vfio-device]";
    std::string number;  // of a character device
    std::string fdinfo;
    absl::StatusOr<DeviceFacts> facts = DeviceFacts{};
  };

  ScriptedHost();
  ~ScriptedHost() override;

  // `arguments` as they stand in /proc/PID/cmdline, with '|' for the NULs.
  void AddProcess(pid_t pid, const std::string& command,
                  const std::string& arguments = "", uint64_t start_time = 100);
  void EndProcess(pid_t pid);
  // Another open file each time; returns its key.
  int OpenFile(pid_t pid, int fd, const File& file);
  void ShareFile(pid_t pid, int fd, int key) { fds_[pid][fd] = key; }
  // Of a container that was added to close events, they tell.
  void CloseFile(pid_t pid, int fd);

  // An mdev in a group of its own, whose file the process holds as `group_fd`.
  void AddMdev(const std::string& uuid, const std::string& group);
  void AddPciDevice(const std::string& address, const std::string& group,
                    const std::string& driver, PciIds ids);
  void RemoveMdevLink(const std::string& uuid);
  void HoldGroup(pid_t pid, int fd, const std::string& group);
  void HoldContainer(pid_t pid, int fd);

  void SetFile(const std::string& path, const std::string& text);
  void SetLink(const std::string& path, const std::string& target);
  void Remove(const std::string& path);

  // What the device of that name, a member of a group, answers when it is asked
  // by its name; without this nobody can.
  void SetMember(const std::string& name, const DeviceFacts& facts) {
    members_[name] = facts;
  }
  int members_asked = 0;
  // Of an open file that is a device.
  void SetFacts(int key, const DeviceFacts& facts) {
    open_files_[static_cast<size_t>(key)].facts = facts;
  }
  // False: VFIO is built into the kernel, and its open files are not counted.
  bool counts_files = true;
  bool has_vfio = true;
  bool ignores_loadavg = false;
  int processes_listed = 0;
  int count_reads = 0;  // of the count of open files

  // Copies of the file that are open in this process.
  int CopiesOf(int key) const;
  int AllCopies() const;

  // Each question counts; before number end_at, the process ends.
  int steps = 0;
  int end_at = 0;
  pid_t ends = 0;
  // What these calls answer, whoever is asked about.
  absl::Status copy_error;
  absl::Status kcmp_error;
  std::set<pid_t> denied;  // processes whose links cannot be read

  absl::StatusOr<std::vector<std::string>> ListNames(const std::string& folder,
                                                     size_t max) override;
  absl::StatusOr<std::vector<pid_t>> ListProcesses(pid_t from,
                                                   size_t max) override;
  absl::StatusOr<std::string> ReadFile(const std::string& path,
                                       size_t max_bytes) override;
  absl::StatusOr<std::string> ReadLink(const std::string& path) override;
  absl::StatusOr<std::string> CharDeviceNumber(
      const std::string& path) override;
  absl::StatusOr<UniqueFd> OpenPidFd(pid_t pid) override;
  bool HasEnded(int pidfd) override;
  absl::StatusOr<UniqueFd> CopyFd(int pidfd, int fd) override;
  absl::StatusOr<bool> SameFile(pid_t pid, int fd, int own_fd) override;
  absl::StatusOr<bool> SameFileElsewhere(pid_t pid, int fd, pid_t other_pid,
                                         int other_fd) override;
  absl::StatusOr<UniqueFd> NewCloseEvents() override;
  absl::Status AddCloseEvents(int events, const std::string& path) override;
  bool TakeCloseEvents(int events) override;
  absl::StatusOr<DeviceFacts> AskDevice(int own_fd) override;
  absl::StatusOr<DeviceFacts> AskMember(int own_group_fd,
                                        const std::string& name) override;

 private:
  void Step();
  int OpenVfioFiles() const;
  const File* FileAt(const std::string& path) const;
  UniqueFd Copy(const std::string& name);
  // What a copy stands for: "file-KEY" or "process-SERIAL".
  static std::string NameOfCopy(int fd);

  std::map<std::string, std::string> files_;
  std::map<std::string, std::string> links_;
  std::map<pid_t, int> processes_;  // to a serial number
  std::map<pid_t, std::map<int, int>> fds_;
  std::vector<File> open_files_;
  int last_serial_ = 0;
  pid_t last_pid_ = 0;
  std::map<std::string, DeviceFacts> members_;
  std::set<int> told_closes_;  // keys of files that were added to close events
  int closes_ = 0;             // that were not taken yet
};

}  // namespace oriel::capture
