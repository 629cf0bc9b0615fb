#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace oriel {

// A place for a UNIX socket that nobody can reach before it is complete: the
// server binds it inside a new directory of mode 0700, and Publish moves it to
// its path with its final mode, of whatever type it is. gRPC itself would bind
// at the path, remove what is there even if a server listens on it, and leave
// the mode to the umask. Thread-compatible, but for UnpublishAll.
class UnixListener {
 public:
  // `path` is absolute, in a directory that exists. kAlreadyExists: a server
  // listens there, or it is no socket; a socket that nobody listens on is
  // replaced by Publish.
  static absl::StatusOr<std::unique_ptr<UnixListener>> Prepare(
      const std::string& path, mode_t mode);
  // Removes what it made, and the socket unless another has taken its path.
  ~UnixListener();
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;

  // Takes the sockets of all listeners of this process from their paths: at the
  // beginning of its end, so that the next one can start, whatever happens to
  // this one. While their servers still listen, nobody else takes the paths.
  // None appears afterwards. Thread-safe.
  static void UnpublishAll();

  // Where to bind; valid until this goes.
  std::string bind_path() const;
  const std::string& path() const { return path_; }

  // After the server listens on bind_path().
  absl::Status Publish();

 private:
  UnixListener(std::string path, mode_t mode, std::string directory,
               UniqueFd directory_fd);
  void RemoveDirectory();
  void Unpublish();

  const std::string path_;
  const mode_t mode_;
  const std::string directory_;
  const UniqueFd directory_fd_;
  bool directory_exists_ = true;
  dev_t device_ = 0;  // of the published socket
  ino_t inode_ = 0;
};

}  // namespace oriel
