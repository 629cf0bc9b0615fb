#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "capture/borrow/messages.h"

namespace oriel::offers {

// The other end of a connection: oriel-borrow or a launcher, which may lie,
// flood and stop reading. Never blocks. Thread-compatible.
class Peer {
 public:
  struct Received {
    capture::BorrowMessage message;
    std::vector<UniqueFd> fds;  // closed on exec
  };

  // `socket` is a connected SEQPACKET socket that does not block.
  static absl::StatusOr<std::unique_ptr<Peer>> Create(UniqueFd socket);

  // One message, its texts without control characters; empty: there is none
  // now, or it was a ping, which is answered here. An error: the connection is
  // to be closed; it goes on after name().
  absl::StatusOr<std::optional<Received>> Receive(Time now);

  // False: it does not read, or has gone; the connection is to be closed.
  bool Send(const capture::BorrowMessage& message);

  // It has pinged once, so it is expected to go on.
  bool pings() const { return pings_; }
  // Since when it has said nothing; Time::max() for one that need not ping.
  Time silent_since() const { return pings_ ? heard_at_ : Time::max(); }

  int fd() const { return socket_.get(); }
  pid_t pid() const { return pid_; }
  uid_t uid() const { return uid_; }
  // "oriel-borrow 0.3.0 (pid 77)"; before its hello "a helper (pid 77)".
  std::string name() const;
  bool introduced() const { return introduced_; }

 private:
  Peer(UniqueFd socket, pid_t pid, uid_t uid)
      : socket_(std::move(socket)), pid_(pid), uid_(uid) {}

  absl::Status CheckRate(Time now);

  const UniqueFd socket_;
  const pid_t pid_;
  const uid_t uid_;
  std::string sender_ = "a helper";
  bool introduced_ = false;
  bool pings_ = false;
  Time heard_at_;  // last
  Time second_begun_;
  int messages_in_second_ = 0;
};

}  // namespace oriel::offers
