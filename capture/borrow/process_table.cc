#include "capture/borrow/process_table.h"

#include <algorithm>

namespace oriel::capture {
namespace {

using std::chrono::milliseconds;

constexpr Duration kQuickPause = milliseconds(400);
constexpr Duration kVfioPause = milliseconds(1000);
constexpr Duration kLongestPause = milliseconds(10000);
// Ten seconds of quick looks.
constexpr int kQuickLooks = 25;
constexpr int kCostFactor = 100;

}  // namespace

void ProcessTable::Refresh(const std::vector<pid_t>& pids, Time now) {
  for (auto& [pid, entry] : entries_) entry.present = false;
  for (const pid_t pid : pids) {
    const auto [at, is_new] = entries_.try_emplace(pid);
    at->second.present = true;
    if (!is_new) continue;
    at->second.due = now;
    at->second.looks = filled_ ? 0 : kQuickLooks;
  }
  std::erase_if(entries_,
                [](const auto& item) { return !item.second.present; });
  filled_ = true;
}

std::optional<pid_t> ProcessTable::NextDue(Time now) const {
  for (const auto& [pid, entry] : entries_) {
    if (entry.due <= now) return pid;
  }
  return std::nullopt;
}

void ProcessTable::Looked(pid_t pid, Found found, Duration cost, Time now) {
  const auto at = entries_.find(pid);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  ++entry.looks;
  if (found == Found::kKernelThread) {
    entry.due = Time::max();
    return;
  }
  if (found == Found::kVfio) {
    entry.pause = kVfioPause;
  } else if (entry.looks <= kQuickLooks) {
    entry.pause = kQuickPause;
  } else {
    entry.pause =
        std::clamp<Duration>(2 * entry.pause, kQuickPause, kLongestPause);
  }
  entry.due = now + std::max<Duration>(entry.pause, kCostFactor * cost);
}

void ProcessTable::LookSoon(pid_t pid, Time now) {
  const auto at = entries_.find(pid);
  if (at == entries_.end()) return;
  at->second.looks = 0;
  at->second.due = now;
}

void ProcessTable::Clear() {
  entries_.clear();
  filled_ = false;
}

}  // namespace oriel::capture
