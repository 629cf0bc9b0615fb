#include "service/offers/offers_socket.h"

#include <pwd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::offers {

absl::StatusOr<UniqueFd> ListenForOffers(UnixListener& listener) {
  const auto error = [&](const char* step) {
    return absl::ErrnoToStatus(errno, absl::StrFormat("cannot listen on %s: %s",
                                                      listener.path(), step));
  };
  UniqueFd fd(
      socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return error("no socket");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = listener.bind_path();
  std::memcpy(address.sun_path, path.data(),
              std::min(path.size(), sizeof(address.sun_path) - 1));
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) != 0) {
    return error("bind");
  }
  if (listen(fd.get(), kMaxConnections) != 0) return error("listen");
  RETURN_IF_ERROR(listener.Publish());
  return fd;
}

absl::StatusOr<uid_t> FindUser(const std::string& user) {
  uint32_t number = 0;
  if (absl::SimpleAtoi(user, &number)) return number;
  const passwd* entry = getpwnam(user.c_str());
  if (entry != nullptr) return entry->pw_uid;
  return absl::NotFoundError(absl::StrFormat("there is no user \"%s\"", user));
}

}  // namespace oriel::offers
