#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "capture/borrow/host.h"

namespace oriel::capture {

// What happened on the host since the last look.
struct HostNews {
  // The kernel counts VFIO files that are open, so that `files` tells. It does
  // not where VFIO is built into it.
  bool counts = true;
  enum class Files { kSame, kOpened, kClosed };
  Files files = Files::kSame;  // kOpened, kClosed: more, or fewer, are open
  // Processes that came; or, with `complete`, all that are there.
  std::vector<pid_t> pids;
  bool complete = false;
};

// Learns of new processes and of opened VFIO files at a cost that depends on
// how many came, not on how many there are. Thread-compatible.
class HostWatch {
 public:
  explicit HostWatch(Host* host) : host_(*host) {}

  HostNews Look(Time now);

 private:
  void LookAtFiles(HostNews& news);
  void LookAtProcesses(HostNews& news, Time now);

  Host& host_;
  int64_t count_ = 0;
  // The newest process id as of the last look, and of the one before that:
  // a process that is being made has an id already and is not to be seen yet.
  pid_t newest_ = 0;
  pid_t newest_before_ = 0;
  Time looked_;
  Time all_due_;
};

}  // namespace oriel::capture
