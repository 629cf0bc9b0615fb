#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "capture/abi/vfio_user.h"

namespace oriel::capture::vfio_user {

struct Message {
  abi::vfio_user::Header header{};
  std::vector<uint8_t> payload;
  std::vector<UniqueFd> fds;  // close-on-exec; kMaxFds at most
};

// Whole vfio-user messages over a stream socket. Thread-compatible. Errors:
// kUnavailable: the peer has gone, or the deadline has, or `interrupt` polls as
// readable, which ends all waiting; kInvalidArgument: what came is no message,
// and nothing behind it can be understood either.
class Socket {
 public:
  // More in one message than this is a violation; the kernel closes the rest.
  static constexpr size_t kMaxFds = 8;

  // kUnavailable: nobody listens there; kPermissionDenied says how to get in.
  static absl::StatusOr<Socket> Connect(
      const std::string& path,
      std::shared_ptr<const UniqueFd> interrupt = nullptr);
  // A connected SOCK_STREAM socket; `name` is for messages.
  Socket(UniqueFd fd, std::string name,
         std::shared_ptr<const UniqueFd> interrupt = nullptr);

  int fd() const { return fd_.get(); }
  const std::string& name() const { return name_; }

  absl::Status Send(const abi::vfio_user::Header& header,
                    std::span<const uint8_t> payload, Time deadline);
  // A reply carries at most `max_reply_payload` bytes behind its header.
  absl::StatusOr<Message> Receive(size_t max_reply_payload, Time deadline);

  // The peer sees the end, and fd() polls as hung up.
  void ShutDown();

 private:
  absl::Status SendBytes(std::span<const uint8_t> bytes, Time deadline);
  absl::Status ReceiveBytes(std::span<uint8_t> bytes,
                            std::vector<UniqueFd>& fds, Time deadline);
  absl::Status Wait(short events, Time deadline);

  UniqueFd fd_;
  std::string name_;
  std::shared_ptr<const UniqueFd> interrupt_;  // null: nobody interrupts
};

}  // namespace oriel::capture::vfio_user
