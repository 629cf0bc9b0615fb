#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "base/clock.h"

namespace oriel::capture {

// What oriel-borrow or a launcher and orield tell each other over a SEQPACKET
// socket that orield listens on: one JSON object a message, the fds of an offer
// beside it (SCM_RIGHTS). An offer lasts until it is withdrawn, the process
// behind its pidfd ends, or the connection closes.

inline constexpr size_t kMaxBorrowMessageBytes = 16384;

// Longer names are not taken, longer texts for people are cut. Those of
// displays and VMs have kMaxVmNameBytes.
inline constexpr size_t kMaxBorrowNameBytes = 64;
inline constexpr size_t kMaxBorrowTextBytes = 1024;

// Whoever pings does so at least as often, is answered at once, and gives up,
// or is given up, when that fails for so long: who hangs must hold no device.
inline constexpr Duration kBorrowPingPause = std::chrono::seconds(1);
inline constexpr Duration kBorrowSilence = std::chrono::seconds(5);

// First on a connection: {"hello": {"sender": "oriel-borrow 0.3"}}. The other
// kinds: offer, withdraw, notice, ping; from orield: released, refused, taken,
// pong, notice. Each holds its structure's fields by their names; "id" and
// "display" are a must.
struct Hello {
  std::string sender;  // for people
  friend bool operator==(const Hello&, const Hello&) = default;
};

// A device that another process drives. Fds: the device; then, where there is
// one, a pidfd of that process.
struct Offer {
  uint64_t id = 0;  // the sender's, not 0, unique on the connection
  // What the display is to be called, the same again after a restart of the VM.
  // Where it has other characters than letters, digits, '-', '_', '.' and ':',
  // orield makes a name of it (base/display_name.h).
  std::string display;
  std::string device;   // mdev UUID or PCI address; empty: unattributed
  std::string vm;       // as its VMM names it; empty: unknown
  pid_t vmm_pid = 0;    // 0: unknown
  std::string command;  // of the VMM, as /proc/PID/comm
  // How the device was proven, or why it could not be; for people.
  std::string evidence;
  // GET_GFX_DMABUF may be asked although another process drives the device:
  // the VMM is known not to ask itself (display=off).
  bool dma_bufs_allowed = false;
  // Not sent: why a message that was parsed cannot be taken, "offer.device has
  // ..."; only the id can be relied on then. Empty: it can.
  std::string fault;
  friend bool operator==(const Offer&, const Offer&) = default;
};

struct Withdrawal {
  uint64_t id = 0;
  std::string reason;  // "the VM closed its device", for people
  friend bool operator==(const Withdrawal&, const Withdrawal&) = default;
};

// What the sender cannot do now, and what to grant; replaces the notice before
// it, and empty: all is well. From orield: why it closes the connection.
struct Notice {
  std::string text;
  friend bool operator==(const Notice&, const Notice&) = default;
};

// From orield: nothing of the offer is open or mapped any more.
struct Released {
  uint64_t id = 0;
  friend bool operator==(const Released&, const Released&) = default;
};

// From orield: the offer was not taken.
struct Refused {
  uint64_t id = 0;
  std::string reason;
  friend bool operator==(const Refused&, const Refused&) = default;
};

// Launchers need not: only who has pinged once is expected to go on.
struct Ping {
  uint64_t serial = 0;
  friend bool operator==(const Ping&, const Ping&) = default;
};
struct Pong {
  uint64_t serial = 0;  // of the ping
  friend bool operator==(const Pong&, const Pong&) = default;
};

// From orield, to who pings: it holds the device as this fd of its own until
// the offer ends, so that the sender need not keep the device open to compare.
struct Taken {
  uint64_t id = 0;
  int fd = -1;
  friend bool operator==(const Taken&, const Taken&) = default;
};

using BorrowMessage = std::variant<Hello, Offer, Withdrawal, Notice, Released,
                                   Refused, Ping, Pong, Taken>;

// At most kMaxBorrowMessageBytes: texts for people are cut; a name that is too
// long stays too long, so that the other side says so.
std::string EncodeBorrowMessage(const BorrowMessage& message);

// kInvalidArgument names the field: unknown kind, missing or oversized field,
// an id of 0. Unknown fields are skipped. What is wrong with an offer that has
// an id is its `fault`, so that it alone is refused.
absl::StatusOr<BorrowMessage> ParseBorrowMessage(const std::string& text);

}  // namespace oriel::capture
