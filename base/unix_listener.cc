#include "base/unix_listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "base/status_macros.h"

namespace oriel {
namespace {

constexpr char kSocketName[] = "s";
constexpr std::chrono::milliseconds kLockPause(10);
constexpr int kLockAttempts = 200;

// All listeners of the process: a signal ends every one of them.
struct Listeners {
  Mutex mutex;
  std::set<UnixListener*> published ABSL_GUARDED_BY(mutex);
  bool ended ABSL_GUARDED_BY(mutex) = false;
};

// Never destroyed: a signal can come while the process ends.
Listeners& AllListeners() {
  static auto* const listeners = new Listeners();
  return *listeners;
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status ErrnoStatus(const std::string& path, const std::string& what) {
  return absl::ErrnoToStatus(
      errno, absl::StrFormat("cannot listen on %s: %s", path, what));
}

absl::StatusOr<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path[0] != '/') {
    return absl::InvalidArgumentError(absl::StrFormat(
        "cannot listen on \"%s\": the path is not absolute", path));
  }
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "cannot listen on %s: the path has %d bytes, and the kernel takes at "
        "most %d",
        path, path.size(), sizeof(address.sun_path) - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// kAlreadyExists when something is in the way that is not a dead socket.
absl::Status CheckFree(const std::string& path, const sockaddr_un& address) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return ErrnoStatus(path, "cannot look at it");
  }
  if (!S_ISSOCK(status.st_mode)) {
    return absl::AlreadyExistsError(absl::StrFormat(
        "cannot listen on %s: it is there and no socket; remove it or choose "
        "another path",
        path));
  }
  const UniqueFd probe(
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.valid()) return ErrnoStatus(path, "no socket to probe it with");
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) != 0) {
    if (errno == ECONNREFUSED || errno == ENOENT) return absl::OkStatus();
    // EAGAIN: its backlog is full, so somebody listens; EPROTOTYPE: on a socket
    // of another type.
    if (errno != EAGAIN && errno != EPROTOTYPE) {
      return ErrnoStatus(path, "cannot tell whether a server listens there");
    }
  }
  return absl::AlreadyExistsError(absl::StrFormat(
      "cannot listen on %s: another server listens there; stop it or choose "
      "another path",
      path));
}

// Two daemons that start at once must not replace each other's socket. With a
// bound: anybody who can read the directory can lock it.
absl::StatusOr<UniqueFd> LockDirectory(const std::string& path) {
  UniqueFd fd(open(ParentOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(path, "cannot open its directory");
  for (int i = 0; flock(fd.get(), LOCK_EX | LOCK_NB) != 0; ++i) {
    if (errno != EWOULDBLOCK || i == kLockAttempts) {
      return ErrnoStatus(path, "cannot lock its directory");
    }
    std::this_thread::sleep_for(kLockPause);
  }
  return fd;
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnixListener>> UnixListener::Prepare(
    const std::string& path, mode_t mode) {
  ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  const std::string parent = ParentOf(path);
  struct stat status;
  if (stat(parent.c_str(), &status) != 0) {
    return ErrnoStatus(path, absl::StrFormat("its directory %s", parent));
  }
  RETURN_IF_ERROR(CheckFree(path, address));

  std::string directory = parent == "/" ? "" : parent;
  directory += "/.oriel-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) {
    return ErrnoStatus(path, absl::StrFormat("cannot write to %s", parent));
  }
  UniqueFd fd(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    const absl::Status error = ErrnoStatus(path, "cannot open " + directory);
    rmdir(directory.c_str());
    return error;
  }
  return std::unique_ptr<UnixListener>(
      new UnixListener(path, mode, std::move(directory), std::move(fd)));
}

UnixListener::UnixListener(std::string path, mode_t mode, std::string directory,
                           UniqueFd directory_fd)
    : path_(std::move(path)),
      mode_(mode),
      directory_(std::move(directory)),
      directory_fd_(std::move(directory_fd)) {}

UnixListener::~UnixListener() {
  RemoveDirectory();
  Listeners& all = AllListeners();
  MutexLock lock(all.mutex);
  if (all.published.erase(this) != 0) Unpublish();
}

void UnixListener::UnpublishAll() {
  Listeners& all = AllListeners();
  MutexLock lock(all.mutex);
  all.ended = true;
  for (UnixListener* const listener : all.published) listener->Unpublish();
  all.published.clear();
}

void UnixListener::Unpublish() {
  struct stat status;
  if (lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
      status.st_ino == inode_) {
    unlink(path_.c_str());
  }
}

// Through the directory's fd: the private path is longer than the final one,
// and must fit into a socket's address as well.
std::string UnixListener::bind_path() const {
  return absl::StrFormat("/proc/self/fd/%d/%s", directory_fd_.get(),
                         kSocketName);
}

absl::Status UnixListener::Publish() {
  ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path_));
  if (fchmodat(directory_fd_.get(), kSocketName, mode_, 0) != 0) {
    return ErrnoStatus(path_, "cannot set the socket's mode");
  }
  struct stat status;
  if (fstatat(directory_fd_.get(), kSocketName, &status, AT_SYMLINK_NOFOLLOW) !=
      0) {
    return ErrnoStatus(path_, "the socket is not where it was bound");
  }
  ASSIGN_OR_RETURN(const UniqueFd lock, LockDirectory(path_));
  RETURN_IF_ERROR(CheckFree(path_, address));
  Listeners& all = AllListeners();
  MutexLock all_lock(all.mutex);
  if (all.ended) {
    return absl::CancelledError(absl::StrFormat(
        "cannot listen on %s: this process was asked to end", path_));
  }
  if (renameat(directory_fd_.get(), kSocketName, AT_FDCWD, path_.c_str()) !=
      0) {
    return ErrnoStatus(path_, "cannot move the socket to its path");
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
  all.published.insert(this);
  RemoveDirectory();
  return absl::OkStatus();
}

void UnixListener::RemoveDirectory() {
  if (!std::exchange(directory_exists_, false)) return;
  unlinkat(directory_fd_.get(), kSocketName, 0);
  rmdir(directory_.c_str());
}

}  // namespace oriel
