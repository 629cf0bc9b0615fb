#include "capture/borrow/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <memory>

#include "absl/strings/str_format.h"
#include "capture/abi/vfio.h"
#include "capture/borrow/device_facts.h"
#include "capture/borrow/proc_folder.h"

namespace oriel::capture {
namespace {

constexpr size_t kMaxRead = 64 << 10;

absl::Status ErrnoOf(const char* what, const std::string& on) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrFormat("%s %s", what, on));
}

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

class RealHost : public Host {
 public:
  absl::StatusOr<std::vector<std::string>> ListNames(const std::string& folder,
                                                     size_t max) override {
    const std::unique_ptr<DIR, CloseFolder> entries(opendir(folder.c_str()));
    if (entries == nullptr) return ErrnoOf("list", folder);
    std::vector<std::string> names;
    errno = 0;
    while (names.size() < max) {
      const dirent* entry = readdir(entries.get());
      if (entry == nullptr) break;
      if (entry->d_name[0] != '.') names.push_back(entry->d_name);
    }
    if (errno != 0) return ErrnoOf("list", folder);
    return names;
  }

  absl::StatusOr<std::vector<pid_t>> ListProcesses(pid_t from,
                                                   size_t max) override {
    return proc_.List(from, max);
  }

  absl::StatusOr<std::string> ReadFile(const std::string& path,
                                       size_t max_bytes) override {
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file.valid()) return ErrnoOf("open", path);
    std::string text;
    while (text.size() < max_bytes) {
      const size_t had = text.size();
      text.resize(std::min(max_bytes, had + kMaxRead));
      const ssize_t count =
          read(file.get(), text.data() + had, text.size() - had);
      if (count < 0) return ErrnoOf("read", path);
      text.resize(had + static_cast<size_t>(count));
      if (count == 0) break;
    }
    return text;
  }

  absl::StatusOr<std::string> ReadLink(const std::string& path) override {
    std::array<char, PATH_MAX> target;
    const ssize_t size = readlink(path.c_str(), target.data(), target.size());
    if (size < 0) return ErrnoOf("read link", path);
    return std::string(target.data(), static_cast<size_t>(size));
  }

  absl::StatusOr<std::string> CharDeviceNumber(
      const std::string& path) override {
    struct stat status;
    if (stat(path.c_str(), &status) != 0) return ErrnoOf("stat", path);
    if (!S_ISCHR(status.st_mode)) {
      return absl::NotFoundError(path + " is no character device");
    }
    return absl::StrFormat("%u:%u", major(status.st_rdev),
                           minor(status.st_rdev));
  }

  absl::StatusOr<UniqueFd> OpenPidFd(pid_t pid) override {
    // glibc 2.36 declares its own wrappers without C linkage.
    UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd.valid())
      return ErrnoOf("pidfd_open", absl::StrFormat("%d", pid));
    return pidfd;
  }

  bool HasEnded(int pidfd) override {
    pollfd request = {pidfd, POLLIN, 0};
    return poll(&request, 1, 0) != 0;
  }

  absl::StatusOr<UniqueFd> CopyFd(int pidfd, int fd) override {
    UniqueFd copy(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, fd, 0)));
    if (!copy.valid()) {
      return ErrnoOf("pidfd_getfd", absl::StrFormat("fd %d", fd));
    }
    return copy;
  }

  absl::StatusOr<bool> SameFile(pid_t pid, int fd, int own_fd) override {
    return SameFileElsewhere(pid, fd, getpid(), own_fd);
  }

  absl::StatusOr<bool> SameFileElsewhere(pid_t pid, int fd, pid_t other_pid,
                                         int other_fd) override {
    const long order = syscall(SYS_kcmp, pid, other_pid, KCMP_FILE,
                               static_cast<unsigned long>(fd),
                               static_cast<unsigned long>(other_fd));
    if (order < 0) {
      return ErrnoOf("kcmp", absl::StrFormat("fd %d of pid %d", fd, pid));
    }
    return order == 0;
  }

  absl::StatusOr<UniqueFd> NewCloseEvents() override {
    UniqueFd events(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!events.valid()) return ErrnoOf("inotify_init1", "");
    return events;
  }

  absl::Status AddCloseEvents(int events, const std::string& path) override {
    if (inotify_add_watch(events, path.c_str(), IN_CLOSE) < 0) {
      return ErrnoOf("inotify_add_watch", path);
    }
    return absl::OkStatus();
  }

  bool TakeCloseEvents(int events) override {
    // Which file it was does not matter.
    std::array<char, 4096> bytes;
    bool any = false;
    while (read(events, bytes.data(), bytes.size()) > 0) any = true;
    return any;
  }

  absl::StatusOr<DeviceFacts> AskDevice(int own_fd) override {
    return ReadDeviceFacts(own_fd);
  }

  absl::StatusOr<DeviceFacts> AskMember(int own_group_fd,
                                        const std::string& name) override {
    const UniqueFd device(
        ioctl(own_group_fd, VFIO_GROUP_GET_DEVICE_FD, name.c_str()));
    if (!device.valid()) return ErrnoOf("VFIO_GROUP_GET_DEVICE_FD", name);
    return ReadDeviceFacts(device.get());
  }

 private:
  ProcFolder proc_;
};

}  // namespace

Host& Host::Real() {
  static RealHost host;
  return host;
}

}  // namespace oriel::capture
