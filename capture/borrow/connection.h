#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "capture/borrow/borrower.h"
#include "capture/borrow/messages.h"

namespace oriel::capture {

// A SEQPACKET connection to orield. Never blocks. Thread-compatible.
class Connection : public BorrowPeer {
 public:
  // kUnavailable: nobody listens there now.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(
      const std::string& path);

  Result Send(const BorrowMessage& message, std::span<const int> fds) override;

  // Empty: nothing is there now. An error: the connection is of no use any
  // more; kUnavailable: orield closed it.
  absl::StatusOr<std::optional<BorrowMessage>> Receive();

  int fd() const { return socket_.get(); }
  // 0: not known.
  pid_t orield_pid() const { return orield_pid_; }

 private:
  Connection(UniqueFd socket, pid_t orield_pid)
      : socket_(std::move(socket)), orield_pid_(orield_pid) {}

  UniqueFd socket_;
  pid_t orield_pid_;
};

}  // namespace oriel::capture
