#include "capture/borrow/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::capture {
namespace {

constexpr size_t kMaxFds = 2;

absl::Status NotReachable(const std::string& path) {
  return absl::UnavailableError(
      absl::StrFormat("cannot connect to orield at %s: %s; is it running, with "
                      "borrowing on, and may this user connect?",
                      path, std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(
    const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a socket's path has 1 to %u bytes, not %u: \"%s\"",
                        sizeof(address.sun_path) - 1, path.size(), path));
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  UniqueFd socket(
      ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Not blocking: a full backlog is EAGAIN, and tried again later.
  if (!socket.valid() ||
      connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) != 0) {
    return NotReachable(path);
  }
  ucred peer = {};
  socklen_t size = sizeof(peer);
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return NotReachable(path);
  }
  return std::unique_ptr<Connection>(
      new Connection(std::move(socket), peer.pid));
}

BorrowPeer::Result Connection::Send(const BorrowMessage& message,
                                    std::span<const int> fds) {
  std::string text = EncodeBorrowMessage(message);
  iovec part = {text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxFds * sizeof(int))> control =
      {};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    const size_t size_bytes = std::min(fds.size(), kMaxFds) * sizeof(int);
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(size_bytes);
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(size_bytes);
    std::memcpy(CMSG_DATA(rights), fds.data(), size_bytes);
  }
  if (sendmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
    return Result::kSent;
  }
  // ETOOMANYREFS: too many fds are under way to somebody who does not read.
  const bool busy = errno == EAGAIN || errno == EINTR || errno == ENOBUFS ||
                    errno == ENOMEM || errno == ETOOMANYREFS;
  return busy ? Result::kBusy : Result::kLost;
}

absl::StatusOr<std::optional<BorrowMessage>> Connection::Receive() {
  // One byte more than a message has, to see that one is too long. Without room
  // for control data the kernel closes fds that come along.
  std::string text(kMaxBorrowMessageBytes + 1, '\0');
  ssize_t size = recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
  // Told once, before the words that orield may have left behind.
  if (size < 0 && errno == ECONNRESET) {
    size = recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
  }
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
    return std::optional<BorrowMessage>();
  }
  if (size <= 0) {
    return absl::UnavailableError(absl::StrFormat(
        "orield closed the connection%s%s", size < 0 ? ": " : "",
        size < 0 ? std::strerror(errno) : ""));
  }
  text.resize(static_cast<size_t>(size));
  ASSIGN_OR_RETURN(BorrowMessage message, ParseBorrowMessage(text));
  return std::optional<BorrowMessage>(std::move(message));
}

}  // namespace oriel::capture
