#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "base/unique_fd.h"
#include "capture/sim/session.h"

namespace oriel::capture::sim {

// One client's non-blocking socket: cuts its bytes into messages and writes the
// answers. While a message waits to be handled or an answer to be written,
// nothing more is read: it holds one message (at most about 1 MiB) and what
// else one read of 64 KiB brought, and one answer. Any error means: drop the
// client. Thread-compatible.
class Connection {
 public:
  // `device` outlives the connection.
  Connection(UniqueFd socket, VirtualDevice& device);

  int fd() const { return socket_.get(); }
  // POLLIN, POLLOUT, or 0 while it has a message to handle.
  short poll_events() const;
  // Whether Handle would get on without the client's doing.
  bool has_whole_message() const;

  // Reads what is there, once. kUnavailable: the client has closed.
  absl::Status Receive();
  // Answers messages until one is incomplete, an answer does not fit the
  // socket, or a fair share was done.
  absl::Status HandleMessages();
  // Writes what waits.
  absl::Status Flush();

 private:
  absl::Status HandleOne(const abi::vfio_user::Header& header);
  absl::Status CheckNextHeader() const;

  UniqueFd socket_;
  Session session_;
  std::vector<uint8_t> input_;
  std::vector<uint8_t> output_;
  size_t written_ = 0;  // of output_
  int output_fd_ = -1;  // goes with the first byte; the device's
};

}  // namespace oriel::capture::sim
