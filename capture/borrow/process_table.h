#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace oriel::capture {

// When to look at which process for VFIO fds: new ones at once and often,
// because a VMM opens its devices soon after it started; those that never have
// any ever more seldom; those that have some every second. Thread-compatible.
class ProcessTable {
 public:
  // The processes that are there now. Those of the first call count as old.
  void Refresh(const std::vector<pid_t>& pids, Time now);

  // One that is due; empty: none is.
  std::optional<pid_t> NextDue(Time now) const;

  enum class Found { kNothing, kVfio, kKernelThread };
  // After a look, which took `cost`: at most a hundredth of the time is spent.
  void Looked(pid_t pid, Found found, Duration cost, Time now);
  // Look again at once, as at a new one.
  void LookSoon(pid_t pid, Time now);
  void Forget(pid_t pid) { entries_.erase(pid); }
  void Clear();

 private:
  struct Entry {
    int looks = 0;
    Duration pause{};
    Time due;
    bool present = true;
  };

  bool filled_ = false;
  std::map<pid_t, Entry> entries_;
};

}  // namespace oriel::capture
