#include "capture/device/vfio_user_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/device/file_access.h"
#include "capture/device/vfio_user_messages.h"

namespace oriel::capture::vfio_user {
namespace {

// Takes the fds out of a received message's control data.
void TakeFds(msghdr& message, std::vector<UniqueFd>& fds) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr;
       control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
      continue;
    const size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

absl::StatusOr<Socket> Socket::Connect(
    const std::string& path, std::shared_ptr<const UniqueFd> interrupt) {
  const std::string what = absl::StrFormat("connect to vfio-user %s", path);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: a UNIX socket's path has 1 to %d bytes, this one %d", what,
        sizeof(address.sun_path) - 1, path.size()));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, what);
  // SAFETY: the sockets interface takes every address as a sockaddr.
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) != 0) {
    const int error = errno;
    if (error == EACCES || error == EPERM) return AccessDenied(what, path);
    return absl::UnavailableError(absl::StrFormat(
        "%s: %s; is the vfio-user server (such as oriel-sim) running, and is "
        "this its socket?",
        what, strerror(error)));
  }
  return Socket(std::move(fd), path, std::move(interrupt));
}

Socket::Socket(UniqueFd fd, std::string name,
               std::shared_ptr<const UniqueFd> interrupt)
    : fd_(std::move(fd)),
      name_(std::move(name)),
      interrupt_(std::move(interrupt)) {}

absl::Status Socket::Wait(short events, Time deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd waited[] = {
        {interrupt_ == nullptr ? -1 : interrupt_->get(), POLLIN, 0},
        {fd_.get(), events, 0}};
    const int ready = left.count() <= 0 ? 0
                                        : poll(waited, std::size(waited),
                                               static_cast<int>(left.count()));
    if (ready > 0 && waited[0].revents != 0) {
      return absl::UnavailableError(
          absl::StrFormat("vfio-user %s is asked nothing any more", name_));
    }
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR)
      return absl::ErrnoToStatus(errno, "wait for vfio-user " + name_);
    if (ready == 0) {
      return absl::UnavailableError(
          absl::StrFormat("vfio-user %s gave no answer in time", name_));
    }
  }
}

absl::Status Socket::SendBytes(std::span<const uint8_t> bytes, Time deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(),
                              MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<size_t>(sent));
    } else if (errno == EAGAIN) {
      RETURN_IF_ERROR(Wait(POLLOUT, deadline));
    } else if (errno != EINTR) {
      return absl::UnavailableError(
          absl::StrFormat("send to vfio-user %s: %s", name_, strerror(errno)));
    }
  }
  return absl::OkStatus();
}

absl::Status Socket::Send(const abi::vfio_user::Header& header,
                          std::span<const uint8_t> payload, Time deadline) {
  // In one piece: libvfio-user wants the header from a single recvmsg.
  std::vector<uint8_t> bytes = BytesOf(header);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return SendBytes(bytes, deadline);
}

absl::Status Socket::ReceiveBytes(std::span<uint8_t> bytes,
                                  std::vector<UniqueFd>& fds, Time deadline) {
  while (!bytes.empty()) {
    alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))];
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    const ssize_t got =
        recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      RETURN_IF_ERROR(Wait(POLLIN, deadline));
      continue;
    }
    if (got < 0) {
      return absl::UnavailableError(absl::StrFormat(
          "receive from vfio-user %s: %s", name_, strerror(errno)));
    }
    TakeFds(message, fds);
    if ((message.msg_flags & MSG_CTRUNC) != 0 || fds.size() > kMaxFds) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "vfio-user %s sent more than %d fds with a message", name_, kMaxFds));
    }
    if (got == 0) {
      return absl::UnavailableError(
          absl::StrFormat("vfio-user %s closed the connection", name_));
    }
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
  return absl::OkStatus();
}

absl::StatusOr<Message> Socket::Receive(size_t max_reply_payload,
                                        Time deadline) {
  Message message;
  uint8_t header[sizeof(abi::vfio_user::Header)];
  RETURN_IF_ERROR(ReceiveBytes(header, message.fds, deadline));
  ASSIGN_OR_RETURN(message.header, ParseHeader(header, max_reply_payload));
  message.payload.resize(message.header.message_size - sizeof(header));
  RETURN_IF_ERROR(ReceiveBytes(message.payload, message.fds, deadline));
  return message;
}

void Socket::ShutDown() { shutdown(fd_.get(), SHUT_RDWR); }

}  // namespace oriel::capture::vfio_user
