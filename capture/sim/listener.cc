#include "capture/sim/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::capture::sim {
namespace {

constexpr int kBacklog = 16;

absl::StatusOr<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address = {.sun_family = AF_UNIX};
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("listen on '%s': a socket's path has 1 to %d bytes",
                        path, sizeof(address.sun_path) - 1));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

UniqueFd NewSocket() {
  return UniqueFd(
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// Ok when nothing stands at `path` any more.
absl::Status MakeRoom(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, absl::StrFormat("look at %s", path));
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::AlreadyExistsError(absl::StrFormat(
        "listen on %s: a file that is no socket stands there; remove it or "
        "choose another --socket",
        path));
  }
  const UniqueFd probe = NewSocket();
  if (!probe.valid()) return absl::ErrnoToStatus(errno, "make a socket");
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0 ||
      errno == EAGAIN) {
    return absl::AlreadyExistsError(absl::StrFormat(
        "listen on %s: another server listens there; stop it or choose "
        "another --socket",
        path));
  }
  if (errno != ECONNREFUSED) {
    return absl::ErrnoToStatus(errno,
                               absl::StrFormat("try the old socket %s", path));
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return absl::ErrnoToStatus(
        errno, absl::StrFormat("remove the stale socket %s", path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Listener> Listener::Open(const std::string& path) {
  ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  RETURN_IF_ERROR(MakeRoom(path, address));
  UniqueFd socket = NewSocket();
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "make a socket");
  struct stat info {};
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) != 0 ||
      listen(socket.get(), kBacklog) != 0 || lstat(path.c_str(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrFormat("listen on %s", path));
  }
  return Listener(std::move(socket), path, info.st_dev, info.st_ino);
}

Listener::Listener(UniqueFd socket, std::string path, dev_t device, ino_t inode)
    : socket_(std::move(socket)),
      path_(std::move(path)),
      device_(device),
      inode_(inode) {}

Listener::~Listener() {
  if (!socket_.valid()) return;
  struct stat info {};
  if (lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ &&
      info.st_ino == inode_) {
    unlink(path_.c_str());
  }
}

absl::StatusOr<UniqueFd> Listener::Accept() {
  UniqueFd client(
      accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (client.valid() || errno == EAGAIN || errno == EINTR ||
      errno == ECONNABORTED) {
    return client;
  }
  return absl::ErrnoToStatus(errno, "accept a client");
}

}  // namespace oriel::capture::sim
