#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "capture/borrow/host.h"

namespace oriel::capture {

// What keeps this process from borrowing at all, and what to grant; for
// people. Empty: nothing that shows.
std::string MissingAccess(Host& host);

// The same for one process that `denied` was met at: its security profile, or
// whatever else it can be.
std::string ExplainDenial(Host& host, pid_t pid, const absl::Status& denied);

// Whether a process that cannot be looked into is worth a word: by its command
// or because its command line, which everybody can read, names devices.
bool LooksLikeVmm(Host& host, pid_t pid);

}  // namespace oriel::capture
