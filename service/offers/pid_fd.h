#pragma once

#include <sys/types.h>

#include "absl/status/statusor.h"

namespace oriel::offers {

// Of the process that `fd`, a pidfd, stands for: 0 when it cannot be told, as
// from another PID namespace; -1 when it has been waited for. kInvalidArgument:
// `fd` is something else.
absl::StatusOr<pid_t> ReadPidFd(int fd);

}  // namespace oriel::offers
