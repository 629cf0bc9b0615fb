#include "service/offers/peer.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::offers {
namespace {

using capture::BorrowMessage;

// An offer has two; a few more are taken to be told as surplus.
constexpr size_t kMaxFds = 8;
constexpr int kMaxMessagesPerSecond = 2000;

// They go into log lines and onto terminals.
void Clean(std::string& text) {
  std::replace_if(
      text.begin(), text.end(),
      [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
}

void CleanTexts(BorrowMessage& message) {
  if (auto* hello = std::get_if<capture::Hello>(&message)) {
    Clean(hello->sender);
  } else if (auto* offer = std::get_if<capture::Offer>(&message)) {
    Clean(offer->display);
    Clean(offer->vm);
    Clean(offer->command);
    Clean(offer->evidence);
  } else if (auto* withdrawal = std::get_if<capture::Withdrawal>(&message)) {
    Clean(withdrawal->reason);
  } else if (auto* notice = std::get_if<capture::Notice>(&message)) {
    Clean(notice->text);
  }
}

std::vector<UniqueFd> TakeFds(msghdr& header) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
       part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
      continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
  return fds;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Peer>> Peer::Create(UniqueFd socket) {
  ucred credentials = {};
  socklen_t size = sizeof(credentials);
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) !=
      0) {
    return absl::ErrnoToStatus(errno, "ask who connected");
  }
  return std::unique_ptr<Peer>(
      new Peer(std::move(socket), credentials.pid, credentials.uid));
}

std::string Peer::name() const {
  return absl::StrFormat("%s (pid %d)", sender_, pid_);
}

absl::Status Peer::CheckRate(Time now) {
  if (now - second_begun_ >= std::chrono::seconds(1)) {
    second_begun_ = now;
    messages_in_second_ = 0;
  }
  if (++messages_in_second_ <= kMaxMessagesPerSecond) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrFormat(
      "sent more than %d messages in a second", kMaxMessagesPerSecond));
}

absl::StatusOr<std::optional<Peer::Received>> Peer::Receive(Time now) {
  // One byte more than a message has, to see that one is too long.
  std::string text(capture::kMaxBorrowMessageBytes + 1, '\0');
  iovec part = {text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxFds * sizeof(int))> control;
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t size =
      recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
    return std::optional<Received>();
  }
  if (size < 0) return absl::ErrnoToStatus(errno, "cannot be heard");
  Received received;
  received.fds = TakeFds(header);
  if (size == 0)
    return absl::UnavailableError("ended, or closed its connection");
  if ((header.msg_flags & MSG_CTRUNC) != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "sent more than %d fds at once, or more than this process may have "
        "open (LimitNOFILE=)",
        kMaxFds));
  }
  RETURN_IF_ERROR(CheckRate(now));
  text.resize(static_cast<size_t>(size));
  absl::StatusOr<BorrowMessage> message = capture::ParseBorrowMessage(text);
  if (!message.ok()) {
    return absl::InvalidArgumentError("sent a bad message: " +
                                      std::string(message.status().message()));
  }
  received.message = *std::move(message);
  heard_at_ = now;
  CleanTexts(received.message);
  const auto* hello = std::get_if<capture::Hello>(&received.message);
  if ((hello != nullptr) == introduced_) {
    return absl::InvalidArgumentError(introduced_ ? "said hello twice"
                                                  : "did not say hello first");
  }
  if (hello != nullptr) {
    introduced_ = true;
    if (!hello->sender.empty()) sender_ = hello->sender;
  }
  const auto* ping = std::get_if<capture::Ping>(&received.message);
  if (ping == nullptr) return std::optional<Received>(std::move(received));
  pings_ = true;
  if (!Send(capture::Pong{ping->serial})) {
    return absl::UnavailableError("does not read");
  }
  return std::optional<Received>();
}

bool Peer::Send(const BorrowMessage& message) {
  const std::string text = EncodeBorrowMessage(message);
  return send(socket_.get(), text.data(), text.size(),
              MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

}  // namespace oriel::offers
