#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace oriel::service {

// The fds that a launcher passed as systemd passes sockets (LISTEN_FDS,
// LISTEN_FDNAMES), by name. Thread-safe once made.
class InheritedFds {
 public:
  // Takes them over, and removes the variables from the environment.
  static InheritedFds FromEnvironment();

  // Another fd of the same file, so that a display can be opened again.
  // kNotFound names those there are.
  absl::StatusOr<UniqueFd> Duplicate(const std::string& name) const;

 private:
  std::map<std::string, UniqueFd> fds_;
};

}  // namespace oriel::service
