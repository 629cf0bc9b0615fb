#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace oriel::capture {

// When to look at which process for VFIO fds. An alarm, said when VFIO files
// were opened, makes those due who are likely to have done it: who ever ran a
// VM or held VFIO files, young processes; and, until one of them turns out to
// have, all others, for two hundredths of the time. Holders are due each second
// anyway, and two others a tick have their turn. Thread-compatible.
class ProcessTable {
 public:
  // What a look found. kVmm: no VFIO fd yet, but it runs a VM. kUnfinished: fds
  // of which there is more to be known or done.
  enum class Found { kGone, kKernelThread, kNothing, kVmm, kVfio, kUnfinished };
  // Its VFIO fds against those of the last look. kOpened: there are others,
  // which explain an alarm. kChanged: nothing that explains one.
  enum class News { kNone, kChanged, kOpened };

  // Processes that came since the last call; of a known one: another has its
  // number.
  void Appeared(const std::vector<pid_t>& pids, Time now);
  // All that are there.
  void Present(const std::vector<pid_t>& pids, Time now);
  // Five times a second. Without alarms to come, VMMs and young processes are
  // due all the time, and others more often.
  void Tick(bool alarms_come, Time now);
  void Alarm(Time now);
  // VFIO files are closed about now, which hides from the count what is opened
  // meanwhile: the likely ones are due now and at each tick for a second.
  void LookAtLikely(Time now);

  // One that is due; empty: none is now. To be followed by Looked.
  std::optional<pid_t> Next(Time now);
  // When Next may be worth asking, Tick apart.
  Time due(Time now) const;
  bool IsNew(pid_t pid) const;

  // `cost`: how long the look took; a hundredth of the time goes to one
  // process, or one look every five seconds.
  void Looked(pid_t pid, Found found, News news, Duration cost, Time now);
  // Then at the latest.
  void LookBy(pid_t pid, Time due) { Schedule(pid, due); }
  // Look again at once.
  void LookSoon(pid_t pid, Time now);

 private:
  struct Entry {
    Time appeared;
    Time looked = Time::min();
    Time due = Time::max();  // max: in no queue of what is due
    uint64_t turn = 0;       // in unlooked_ or rest_; 0: in neither
    Duration cost{};
    int looks = 0;
    bool young = false;   // came later than the first ones
    bool likely = false;  // it runs a VM, holds VFIO files, or has done so
    bool never = false;
  };
  using Queue = std::set<std::pair<Time, pid_t>>;

  void Add(pid_t pid, Time now);
  void Forget(pid_t pid);
  void TakeOut(pid_t pid, Entry& entry);
  void Schedule(pid_t pid, Time due);
  void ScheduleEarly(pid_t pid, Time now);
  void ScheduleLikely(Time now);
  void Charge(const Entry& entry, Duration cost);
  Queue& QueueOf(const Entry& entry) {
    return entry.likely ? likely_due_ : due_;
  }
  std::optional<pid_t> NextOfRest(Time looked_before) const;
  bool Searching() const {
    return first_pass_ ? filled_ : alarm_ && budget_ > kNone;
  }
  Duration PauseOf(const Entry& entry, Found found) const;

  static constexpr Duration kNone{};

  std::map<pid_t, Entry> entries_;
  Queue likely_due_;
  Queue due_;
  // By turn: never looked at; looked at and without VFIO fds.
  std::map<uint64_t, pid_t> unlooked_;
  std::map<uint64_t, pid_t> rest_;
  std::set<pid_t> likely_;
  std::deque<std::pair<Time, pid_t>> young_;
  uint64_t last_turn_ = 0;
  bool alarms_come_ = true;
  // What was there at the start has been looked at only when this is false.
  bool first_pass_ = true;
  bool filled_ = false;
  bool alarm_ = false;
  bool again_ = false;
  Time alarmed_;
  Time likely_until_ = Time::min();
  int turns_left_ = 0;
  bool in_turn_ = false;  // what Next returned last
  // Of processor time for young processes and for searching; turns are bounded
  // by their number.
  Duration budget_ = kFullBudget;
  Time ticked_ = Time::min();

  static constexpr Duration kFullBudget = std::chrono::milliseconds(500);
};

}  // namespace oriel::capture
