#include "capture/borrow/process_table.h"

#include <algorithm>

namespace oriel::capture {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kQuickPause = milliseconds(400);
constexpr int kQuickLooks = 25;
constexpr int kEagerLooks = 60;
constexpr Duration kPause = seconds(1);
constexpr Duration kCalmPause = seconds(5);
// One look after the kernel has been seen to close a file, and then some.
constexpr Duration kClosing = seconds(1);
// A VMM opens its devices soon after it started.
constexpr Duration kYoung = seconds(30);
// Shorter than any wrap of the kernel's counter of process ids.
constexpr Duration kSameProcess = seconds(1);
constexpr int kCostFactor = 100;
constexpr int kAlarmCostFactor = 10;
constexpr int kBudgetFactor = 50;
// A look that was held up by other work did not cost what it took: a second
// later there is something to spend again.
constexpr Duration kDeepestDebt = kPause / kBudgetFactor;
// Who gets an fd from another process raises no alarm.
constexpr int kTurnsATick = 2;
constexpr Duration kTurnPause = seconds(60);
constexpr int kTurnsATickWithoutAlarms = 20;
constexpr Duration kTurnPauseWithoutAlarms = seconds(10);

}  // namespace

void ProcessTable::Add(pid_t pid, Time now) {
  const auto [at, is_new] = entries_.try_emplace(pid);
  Entry& entry = at->second;
  bool likely = alarm_ || !alarms_come_;
  if (!is_new) {
    if (now - entry.appeared < kSameProcess) return;
    likely |= entry.likely;
    likely_.erase(pid);
    TakeOut(pid, entry);
    entry = {};
  }
  entry.appeared = now;
  entry.young = filled_;
  entry.turn = ++last_turn_;
  unlooked_[entry.turn] = pid;
  if (!filled_) return;
  young_.emplace_back(now, pid);
  if (likely) Schedule(pid, now);
}

void ProcessTable::Appeared(const std::vector<pid_t>& pids, Time now) {
  for (const pid_t pid : pids) Add(pid, now);
}

void ProcessTable::Present(const std::vector<pid_t>& pids, Time now) {
  const std::set<pid_t> present(pids.begin(), pids.end());
  std::vector<pid_t> gone;
  for (const auto& [pid, entry] : entries_) {
    if (present.count(pid) == 0) gone.push_back(pid);
  }
  for (const pid_t pid : gone) Forget(pid);
  for (const pid_t pid : pids) {
    if (entries_.count(pid) == 0) Add(pid, now);
  }
  filled_ = true;
}

void ProcessTable::Tick(bool alarms_come, Time now) {
  alarms_come_ = alarms_come;
  turns_left_ = alarms_come ? kTurnsATick : kTurnsATickWithoutAlarms;
  if (ticked_ != Time::min()) {
    budget_ = std::min<Duration>(kFullBudget,
                                 budget_ + (now - ticked_) / kBudgetFactor);
  }
  ticked_ = now;
  while (!young_.empty() && now - young_.front().first > kYoung) {
    young_.pop_front();
  }
  // A file counts as open some time before its fd is in the process's table.
  if (again_ || now <= likely_until_) ScheduleLikely(now);
  again_ = false;
}

void ProcessTable::Alarm(Time now) {
  alarm_ = again_ = true;
  alarmed_ = now;
  ScheduleLikely(now);
}

void ProcessTable::LookAtLikely(Time now) {
  likely_until_ = now + kClosing;
  ScheduleLikely(now);
}

void ProcessTable::ScheduleLikely(Time now) {
  for (const pid_t pid : likely_) ScheduleEarly(pid, now);
  for (const auto& [appeared, pid] : young_) {
    const auto at = entries_.find(pid);
    if (at != entries_.end() && !at->second.never) ScheduleEarly(pid, now);
  }
}

// With many alarms, not more often than a look's cost allows.
void ProcessTable::ScheduleEarly(pid_t pid, Time now) {
  const auto at = entries_.find(pid);
  if (at == entries_.end()) return;
  const Entry& entry = at->second;
  const Duration spared =
      std::min<Duration>(kPause, kAlarmCostFactor * entry.cost);
  Schedule(pid, entry.looks == 0 ? now : std::max(now, entry.looked + spared));
}

void ProcessTable::Schedule(pid_t pid, Time due) {
  const auto at = entries_.find(pid);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  if (entry.due <= due) return;
  if (entry.due != Time::max()) QueueOf(entry).erase({entry.due, pid});
  entry.due = due;
  QueueOf(entry).insert({due, pid});
}

void ProcessTable::TakeOut(pid_t pid, Entry& entry) {
  if (entry.due != Time::max()) QueueOf(entry).erase({entry.due, pid});
  entry.due = Time::max();
  if (entry.turn != 0) {
    unlooked_.erase(entry.turn);
    rest_.erase(entry.turn);
  }
  entry.turn = 0;
}

void ProcessTable::Forget(pid_t pid) {
  const auto at = entries_.find(pid);
  if (at == entries_.end()) return;
  TakeOut(pid, at->second);
  likely_.erase(pid);
  entries_.erase(at);
}

// Never looked at, or longest ago. At first VMMs before their children, later
// the newest.
std::optional<pid_t> ProcessTable::NextOfRest(Time looked_before) const {
  if (!unlooked_.empty()) {
    return first_pass_ ? unlooked_.begin()->second : unlooked_.rbegin()->second;
  }
  if (rest_.empty()) return std::nullopt;
  const pid_t pid = rest_.begin()->second;
  if (entries_.at(pid).looked >= looked_before) return std::nullopt;
  return pid;
}

std::optional<pid_t> ProcessTable::Next(Time now) {
  in_turn_ = false;
  if (!likely_due_.empty() && likely_due_.begin()->first <= now) {
    return likely_due_.begin()->second;
  }
  if (!due_.empty() && due_.begin()->first <= now &&
      (first_pass_ || budget_ > kNone)) {
    return due_.begin()->second;
  }
  if (Searching()) {
    const auto pid = NextOfRest(first_pass_ ? Time::min() : alarmed_);
    if (pid.has_value()) return pid;
    first_pass_ = alarm_ = false;
  }
  if (turns_left_ <= 0) return std::nullopt;
  const Duration pause = alarms_come_ ? kTurnPause : kTurnPauseWithoutAlarms;
  const auto pid = NextOfRest(now - pause);
  in_turn_ = pid.has_value();
  turns_left_ = in_turn_ ? turns_left_ - 1 : 0;
  return pid;
}

Time ProcessTable::due(Time now) const {
  if (turns_left_ > 0 || Searching()) return now;
  Time due = Time::max();
  if (!likely_due_.empty()) due = likely_due_.begin()->first;
  if (!due_.empty() && budget_ > kNone) {
    due = std::min(due, due_.begin()->first);
  }
  return due;
}

bool ProcessTable::IsNew(pid_t pid) const {
  const auto at = entries_.find(pid);
  return at == entries_.end() || at->second.looked == Time::min();
}

// Zero: it has its turn as all others have.
Duration ProcessTable::PauseOf(const Entry& entry, Found found) const {
  switch (found) {
    case Found::kVfio:
      return kPause;
    case Found::kUnfinished:
      if (entry.looks <= kQuickLooks) return kQuickPause;
      return alarms_come_ && entry.looks > kEagerLooks ? kCalmPause : kPause;
    case Found::kVmm:
      return alarms_come_ ? kNone : kPause;
    default:
      return alarms_come_ || entry.looks > kQuickLooks || !entry.young
                 ? kNone
                 : kQuickPause;
  }
}

void ProcessTable::Charge(const Entry& entry, Duration cost) {
  if (entry.likely || in_turn_ || first_pass_) return;
  budget_ = std::max<Duration>(budget_ - cost, -kDeepestDebt);
}

void ProcessTable::Looked(pid_t pid, Found found, News news, Duration cost,
                          Time now) {
  const auto at = entries_.find(pid);
  if (at == entries_.end()) return;
  if (news == News::kOpened && !first_pass_) alarm_ = again_ = false;
  if (news == News::kChanged) LookAtLikely(now);
  // It may have closed others, too.
  if (news == News::kOpened) likely_until_ = now + kClosing;
  Entry& entry = at->second;
  Charge(entry, cost);
  if (found == Found::kGone) return Forget(pid);
  TakeOut(pid, entry);
  entry.looked = now;
  entry.cost = cost;
  entry.looks = news == News::kNone ? entry.looks + 1 : 1;
  entry.never = found == Found::kKernelThread;
  if (entry.never) return;
  const bool holder = found == Found::kVfio || found == Found::kUnfinished;
  // Who gave its devices back may open others as long as it lives.
  if (holder || found == Found::kVmm) {
    entry.likely = true;
    likely_.insert(pid);
  }
  if (!holder) {
    entry.turn = ++last_turn_;
    rest_[entry.turn] = pid;
  }
  const Duration pause = PauseOf(entry, found);
  if (pause > kNone) {
    // A look that was held up by other work did not cost what it took.
    const Duration spared = std::min<Duration>(kCalmPause, kCostFactor * cost);
    Schedule(pid, now + std::max(pause, spared));
  }
}

void ProcessTable::LookSoon(pid_t pid, Time now) {
  const auto at = entries_.find(pid);
  if (at == entries_.end()) return;
  at->second.looks = 0;
  at->second.cost = {};
  Schedule(pid, now);
}

}  // namespace oriel::capture
