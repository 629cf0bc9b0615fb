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

namespace oriel::capture {
namespace {

constexpr size_t kMaxRead = 64 << 10;
// PCI Local Bus Specification, 6.1: the class code's upper byte.
constexpr size_t kBaseClassOffset = 0x0B;
constexpr uint8_t kDisplayClass = 0x03;

absl::Status ErrnoOf(const char* what, const std::string& on) {
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrFormat("%s %s", what, on));
}

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

// The start of config space, where the device has one.
std::optional<std::array<uint8_t, 16>> ReadConfig(int fd) {
  vfio_region_info info = {};
  info.argsz = sizeof(info);
  info.index = VFIO_PCI_CONFIG_REGION_INDEX;
  std::array<uint8_t, 16> bytes;
  if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info) != 0 ||
      info.size < bytes.size() || info.offset > LONG_MAX) {
    return std::nullopt;
  }
  const ssize_t count =
      pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(info.offset));
  if (count != static_cast<ssize_t>(bytes.size())) return std::nullopt;
  return bytes;
}

bool AnswersPlaneQuery(int fd) {
  for (const uint32_t kind :
       {VFIO_GFX_PLANE_TYPE_DMABUF, VFIO_GFX_PLANE_TYPE_REGION}) {
    vfio_device_gfx_plane_info info = {};
    info.argsz = sizeof(info);
    info.flags = VFIO_GFX_PLANE_TYPE_PROBE | kind;
    if (ioctl(fd, VFIO_DEVICE_QUERY_GFX_PLANE, &info) == 0) return true;
  }
  return false;
}

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
    const long order = syscall(SYS_kcmp, pid, getpid(), KCMP_FILE,
                               static_cast<unsigned long>(fd),
                               static_cast<unsigned long>(own_fd));
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
    vfio_device_info info = {};
    // Up to num_irqs: drivers need not know what came later.
    info.argsz = 16;
    if (ioctl(own_fd, VFIO_DEVICE_GET_INFO, &info) != 0) {
      return ErrnoOf("VFIO_DEVICE_GET_INFO", "the copy");
    }
    DeviceFacts facts;
    if ((info.flags & VFIO_DEVICE_FLAGS_PCI) == 0) {
      facts.may_be_display = AnswersPlaneQuery(own_fd);
      return facts;
    }
    if (const auto config = ReadConfig(own_fd)) {
      facts.ids =
          PciIds{static_cast<uint16_t>((*config)[0] | (*config)[1] << 8),
                 static_cast<uint16_t>((*config)[2] | (*config)[3] << 8)};
      facts.may_be_display = (*config)[kBaseClassOffset] == kDisplayClass ||
                             AnswersPlaneQuery(own_fd);
    }
    return facts;
  }
};

}  // namespace

Host& Host::Real() {
  static RealHost host;
  return host;
}

}  // namespace oriel::capture
