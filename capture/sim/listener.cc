#include "capture/sim/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::capture::sim {
namespace {

constexpr int kBacklog = 16;

// As any new file's, which only umask itself tells.
mode_t SocketMode() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0777 & ~mask;
}

absl::Status Listen(int fd, const UnixListener& place) {
  sockaddr_un address = {.sun_family = AF_UNIX};
  const std::string path = place.bind_path();
  std::copy_n(path.data(), std::min(path.size(), sizeof(address.sun_path) - 1),
              address.sun_path);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
          0 ||
      listen(fd, kBacklog) != 0) {
    return absl::ErrnoToStatus(errno,
                               absl::StrFormat("listen on %s", place.path()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Listener> Listener::Open(const std::string& path) {
  if (path.empty()) {
    return absl::InvalidArgumentError("cannot listen on \"\": name a path");
  }
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(path, error).string();
  if (error) {
    return absl::UnknownError(
        absl::StrFormat("cannot listen on %s: %s", path, error.message()));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<UnixListener> place,
                   UnixListener::Prepare(absolute, SocketMode()));
  UniqueFd socket(
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return absl::ErrnoToStatus(errno, "make a socket");
  RETURN_IF_ERROR(Listen(socket.get(), *place));
  RETURN_IF_ERROR(place->Publish());
  return Listener(std::move(socket), std::move(place));
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
