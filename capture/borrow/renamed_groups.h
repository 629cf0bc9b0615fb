#pragma once

#include <sys/types.h>

#include <vector>

#include "capture/borrow/host.h"
#include "capture/borrow/process.h"

namespace oriel::capture {

// A process's group files whose names do not tell it. Asks only files of local
// file systems what they are: of others the answer can take for ever.
std::vector<VfioFd> FindRenamedGroups(Host& host, pid_t pid);

}  // namespace oriel::capture
