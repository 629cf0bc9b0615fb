#include "capture/discovery/uevent_source.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/unique_fd.h"

namespace oriel::capture {
namespace {

// The kernel's own; group 2 is udevd's.
constexpr unsigned kKernelGroup = 1;

class KernelUevents : public UeventSource {
 public:
  explicit KernelUevents(UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const override { return fd_.get(); }
  absl::StatusOr<std::optional<Uevent>> Receive() override;

 private:
  const UniqueFd fd_;
};

absl::StatusOr<std::optional<Uevent>> KernelUevents::Receive() {
  std::array<uint8_t, kMaxUeventBytes> bytes;
  while (true) {
    sockaddr_nl sender{};
    iovec part = {bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_name = &sender;
    message.msg_namelen = sizeof(sender);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const ssize_t got = recvmsg(fd_.get(), &message, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return std::nullopt;
    if (got < 0 && errno == ENOBUFS)
      return absl::DataLossError("uevents came faster than they were read");
    if (got < 0) return absl::ErrnoToStatus(errno, "receive a uevent");
    // A process's address is never 0 (netlink(7)).
    if (message.msg_namelen != sizeof(sender) || sender.nl_pid != 0) continue;
    if ((message.msg_flags & MSG_TRUNC) != 0) continue;
    std::optional<Uevent> event =
        ParseUevent({bytes.data(), static_cast<size_t>(got)});
    if (event.has_value()) return event;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<UeventSource>> ListenToKernel() {
  UniqueFd fd(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                     NETLINK_KOBJECT_UEVENT));
  if (!fd.valid())
    return absl::ErrnoToStatus(errno, "open a netlink socket for uevents");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelGroup;
  // SAFETY: bind takes every kind of address as a sockaddr.
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) != 0) {
    return absl::ErrnoToStatus(errno, "listen to the kernel's uevents");
  }
  return std::make_unique<KernelUevents>(std::move(fd));
}

}  // namespace oriel::capture
