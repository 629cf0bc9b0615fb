#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

namespace oriel::capture {

// Lists /proc's processes from any id on, at the cost of those that it lists.
// For that a position in the folder must be a process's id and a constant,
// which the first listing finds out; otherwise each one lists them all.
// Thread-compatible.
class ProcFolder {
 public:
  absl::StatusOr<std::vector<pid_t>> List(pid_t from, size_t max);

 private:
  // Of a process's entry, less its id. Empty: there is no such rule, or nobody
  // looked yet.
  std::optional<long> offset_;
};

}  // namespace oriel::capture
