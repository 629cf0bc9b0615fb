#include "capture/sim/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::capture::sim {
namespace {

namespace wire = abi::vfio_user;

constexpr size_t kReadBytes = 64 * 1024;
// So that one client's flood does not keep the others waiting.
constexpr int kMessagesAtOnce = 16;

wire::Header HeaderOf(const std::vector<uint8_t>& input) {
  wire::Header header{};
  std::memcpy(&header, input.data(), sizeof(header));
  return header;
}

// Closes what a client sent along; how many there were.
int CloseReceivedFds(msghdr& message) {
  int count = 0;
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr;
       control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const size_t bytes = control->cmsg_len - CMSG_LEN(0);
    for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(control) + at, sizeof(fd));
      UniqueFd closed_at_once(fd);
      ++count;
    }
  }
  return count;
}

}  // namespace

Connection::Connection(UniqueFd socket, VirtualDevice& device)
    : socket_(std::move(socket)), session_(device) {}

short Connection::poll_events() const {
  if (!output_.empty()) return POLLOUT;
  return has_whole_message() ? 0 : POLLIN;
}

bool Connection::has_whole_message() const {
  return output_.empty() && input_.size() >= sizeof(wire::Header) &&
         input_.size() >= HeaderOf(input_).message_size;
}

absl::Status Connection::Receive() {
  std::array<uint8_t, kReadBytes> bytes;
  iovec part = {bytes.data(), bytes.size()};
  // The kernel closes what does not fit, and says so.
  alignas(cmsghdr) std::array<char, CMSG_SPACE(8 * sizeof(int))> control;
  msghdr message = {.msg_iov = &part,
                    .msg_iovlen = 1,
                    .msg_control = control.data(),
                    .msg_controllen = control.size()};
  const ssize_t count =
      recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return absl::OkStatus();
    return absl::ErrnoToStatus(errno, "receive from a client");
  }
  if (CloseReceivedFds(message) > 0 || (message.msg_flags & MSG_CTRUNC) != 0) {
    return absl::InvalidArgumentError(
        "it sent file descriptors; this device takes none");
  }
  if (count == 0) {
    return absl::UnavailableError(input_.empty()
                                      ? "it closed the connection"
                                      : "it closed in the middle of a message");
  }
  input_.insert(input_.end(), bytes.begin(), bytes.begin() + count);
  return CheckNextHeader();
}

// As soon as the header is there, before the rest is waited for.
absl::Status Connection::CheckNextHeader() const {
  if (input_.size() < sizeof(wire::Header)) return absl::OkStatus();
  return Session::CheckHeader(HeaderOf(input_));
}

absl::Status Connection::HandleMessages() {
  for (int i = 0; i < kMessagesAtOnce && has_whole_message(); ++i) {
    const wire::Header header = HeaderOf(input_);
    RETURN_IF_ERROR(HandleOne(header));
    input_.erase(input_.begin(), input_.begin() + header.message_size);
    RETURN_IF_ERROR(CheckNextHeader());
    RETURN_IF_ERROR(Flush());
  }
  return absl::OkStatus();
}

absl::Status Connection::HandleOne(const wire::Header& header) {
  const auto payload = std::span<const uint8_t>(input_).subspan(
      sizeof(header), header.message_size - sizeof(header));
  ASSIGN_OR_RETURN(const Session::Reply reply,
                   session_.Handle(header, payload));
  if ((header.flags & wire::kFlagNoReply) != 0) return absl::OkStatus();
  const wire::Header answer = {
      .message_id = header.message_id,
      .command = header.command,
      .message_size =
          static_cast<uint32_t>(sizeof(header) + reply.payload.size()),
      .flags =
          wire::kTypeReply | (reply.error_number != 0 ? wire::kFlagError : 0),
      .error_number = static_cast<uint32_t>(reply.error_number)};
  output_.resize(answer.message_size);
  std::memcpy(output_.data(), &answer, sizeof(answer));
  std::copy(reply.payload.begin(), reply.payload.end(),
            output_.begin() + sizeof(answer));
  output_fd_ = reply.fd;
  written_ = 0;
  return absl::OkStatus();
}

absl::Status Connection::Flush() {
  while (!output_.empty()) {
    iovec part = {output_.data() + written_, output_.size() - written_};
    msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (output_fd_ >= 0) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* rights = CMSG_FIRSTHDR(&message);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(rights), &output_fd_, sizeof(int));
    }
    const ssize_t count =
        sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return absl::OkStatus();
      return absl::ErrnoToStatus(errno, "send to a client");
    }
    output_fd_ = -1;
    written_ += static_cast<size_t>(count);
    if (written_ == output_.size()) output_ = {};
  }
  return absl::OkStatus();
}

}  // namespace oriel::capture::sim
