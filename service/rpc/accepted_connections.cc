#include "service/rpc/accepted_connections.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/numbers.h"

namespace oriel::rpc {
namespace {

bool IsListener(int fd) {
  int listens = 0;
  socklen_t size = sizeof(listens);
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 ||
         listens != 0;
}

// Of a connection that was accepted, its own address is the listener's.
bool IsAcceptedAt(int fd, const ListeningPlaces& places) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      IsListener(fd)) {
    return false;
  }
  if (address.ss_family == AF_UNIX) {
    sockaddr_un un = {};
    std::memcpy(&un, &address, sizeof(un));
    un.sun_path[sizeof(un.sun_path) - 1] = '\0';
    return places.unix_paths.contains(un.sun_path);
  }
  if (address.ss_family == AF_INET) {
    sockaddr_in in = {};
    std::memcpy(&in, &address, sizeof(in));
    return places.tcp_ports.contains(ntohs(in.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 in6 = {};
    std::memcpy(&in6, &address, sizeof(in6));
    return places.tcp_ports.contains(ntohs(in6.sin6_port));
  }
  return false;
}

}  // namespace

size_t CutConnections(const ListeningPlaces& places) {
  size_t count = 0;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fd", error)) {
    int fd = -1;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &fd)) continue;
    if (!IsAcceptedAt(fd, places)) continue;
    if (shutdown(fd, SHUT_RDWR) == 0) ++count;
  }
  return count;
}

}  // namespace oriel::rpc
