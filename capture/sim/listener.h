#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace oriel::capture::sim {

// A listening UNIX socket, and its file, which goes with it. Thread-compatible.
class Listener {
 public:
  // A socket file that nobody listens on any more is replaced.
  // kAlreadyExists: somebody does, or the file is no socket.
  static absl::StatusOr<Listener> Open(const std::string& path);
  Listener(Listener&& other) noexcept = default;
  Listener& operator=(Listener&& other) = delete;
  // Leaves the file alone when it is somebody else's by now.
  ~Listener();

  int fd() const { return socket_.get(); }
  // A non-blocking connection; empty when nobody waits. An error of ours, such
  // as too many open files, comes back.
  absl::StatusOr<UniqueFd> Accept();

 private:
  Listener(UniqueFd socket, std::string path, dev_t device, ino_t inode);

  UniqueFd socket_;
  std::string path_;
  dev_t device_;
  ino_t inode_;
};

}  // namespace oriel::capture::sim
