#include "clients/lib/connect_diagnosis.h"

#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_format.h"
#include "base/unique_fd.h"

namespace oriel::clients {
namespace {

constexpr int kConnectTimeoutMs = 2000;

// 0 or the errno of connecting.
int TryConnect(int family, const sockaddr* address, socklen_t size_bytes) {
  UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno;
  if (connect(fd.get(), address, size_bytes) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd waiting{fd.get(), POLLOUT, 0};
  if (poll(&waiting, 1, kConnectTimeoutMs) <= 0) return ETIMEDOUT;
  int error = 0;
  socklen_t error_size = sizeof(error);
  if (getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &error_size) != 0) {
    return errno;
  }
  return error;
}

// Another server, or an ssh tunnel whose far end found nobody: that takes every
// connection, and closes it.
constexpr char kDoesNotAnswer[] =
    "something listens there, but it does not answer as orield; if it is an "
    "ssh tunnel, is orield running at its other end, and may that account "
    "connect to it? or give --server";

// Who may connect, and how to become one of them; empty where that is unknown.
std::string GroupHint(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return "";
  const group* owner = getgrgid(status.st_gid);
  if (owner == nullptr || (status.st_mode & S_IWGRP) == 0) return "";
  return absl::StrFormat(
      "members of group '%s' may: as root, usermod -aG %s USER, then log in "
      "again; or ",
      owner->gr_name, owner->gr_name);
}

std::string DiagnoseSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  // SAFETY: connect(2) takes every address as a sockaddr.
  const int error = TryConnect(
      AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  constexpr char kStart[] =
      "is the daemon running? (systemctl status oriel) or give --server";
  switch (error) {
    case 0:
      return kDoesNotAnswer;
    case ENOENT:
      return absl::StrFormat("no such file; %s", kStart);
    case ECONNREFUSED:
      return absl::StrFormat("nobody listens on the socket; %s", kStart);
    case EACCES:
      return absl::StrFormat(
          "permission denied; %suse another account or give --server",
          GroupHint(path));
    case ENOTSOCK:
      return "it is no socket; give --server";
    default:
      return absl::StrFormat("%s; %s", std::strerror(error), kStart);
  }
}

std::string DiagnoseHost(const ServerAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  if (error != 0) {
    return absl::StrFormat("host '%s': %s; give another --server", address.host,
                           gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found,
                                                                 freeaddrinfo);
  int connect_error = ETIMEDOUT;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    connect_error = TryConnect(at->ai_family, at->ai_addr, at->ai_addrlen);
    if (connect_error == 0 || connect_error == ECONNREFUSED) break;
  }
  if (connect_error == 0) {
    return kDoesNotAnswer;
  }
  return absl::StrFormat(
      "%s; does the daemon there listen on TCP port %s? or give --server",
      std::strerror(connect_error), address.port);
}

}  // namespace

std::string DiagnoseConnect(const ServerAddress& address) {
  return address.is_socket() ? DiagnoseSocket(address.socket_path)
                             : DiagnoseHost(address);
}

}  // namespace oriel::clients
