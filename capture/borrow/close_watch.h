#pragma once

#include <sys/types.h>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "capture/borrow/host.h"
#include "capture/borrow/process.h"

namespace oriel::capture {

// When to compare what was borrowed with what its VMMs still hold. The kernel
// tells nobody that a fd was closed whose file is open elsewhere, so this is
// asked all the time, and at once when a VMM closed its container, which nobody
// copies and of which the kernel does tell. Thread-compatible.
class CloseWatch {
 public:
  // `host` outlives it.
  explicit CloseWatch(Host* host) : host_(*host) {}

  // A VMM's containers among its files; known ones cost next to nothing.
  void Add(pid_t pid, const VfioFds& fds);
  // Nothing is borrowed any more.
  void Clear();

  // Readable when due() has come earlier; -1: no such event is waited for now.
  int hint_fd(Time now) const;
  // Takes hints.
  bool IsDue(Time now);
  // After a look, which took `cost`: at most a hundredth of the time is spent.
  void Looked(Duration cost, Time now);
  Time due() const { return due_; }

 private:
  Host& host_;
  UniqueFd closes_;  // of containers; invalid: there are none to be told
  Time due_{};
  Time hint_is_fresh_until_{};
};

}  // namespace oriel::capture
