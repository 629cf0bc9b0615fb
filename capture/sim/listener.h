#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "base/unix_listener.h"

namespace oriel::capture::sim {

// A listening UNIX socket, and its file, which goes with it. Thread-compatible.
class Listener {
 public:
  // A socket file that nobody listens on any more is replaced.
  // kAlreadyExists: somebody does, or the file is no socket.
  static absl::StatusOr<Listener> Open(const std::string& path);
  Listener(Listener&& other) noexcept = default;
  Listener& operator=(Listener&& other) = delete;

  int fd() const { return socket_.get(); }
  // A non-blocking connection; empty when nobody waits. An error of ours, such
  // as too many open files, comes back.
  absl::StatusOr<UniqueFd> Accept();

 private:
  Listener(UniqueFd socket, std::unique_ptr<UnixListener> place)
      : socket_(std::move(socket)), place_(std::move(place)) {}

  UniqueFd socket_;
  std::unique_ptr<UnixListener> place_;  // goes first
};

}  // namespace oriel::capture::sim
