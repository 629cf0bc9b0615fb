#include "capture/borrow/host_watch.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace oriel::capture {
namespace {

constexpr size_t kMaxProcesses = 1 << 22;  // PID_MAX_LIMIT, linux/threads.h
constexpr size_t kMaxBytes = 128;
// Ids that somebody chose (clone3's set_tid) are not seen before.
constexpr Duration kAllPause = std::chrono::minutes(5);
// After a longer one nobody knows how often ids began anew.
constexpr Duration kLongestGap = std::chrono::seconds(10);
// Each open file, device and module that uses VFIO is a reference.
constexpr char kCount[] = "/sys/module/vfio/refcnt";

// proc(5): the last field of /proc/loadavg; 0: not known.
pid_t NewestPid(Host& host) {
  const absl::StatusOr<std::string> text =
      host.ReadFile("/proc/loadavg", kMaxBytes);
  if (!text.ok()) return 0;
  const std::vector<std::string> fields =
      absl::StrSplit(*text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  pid_t pid = 0;
  if (fields.size() != 5 || !absl::SimpleAtoi(fields[4], &pid) || pid < 0) {
    return 0;
  }
  return pid;
}

bool IsThere(Host& host, const std::string& folder) {
  return !absl::IsNotFound(host.ListNames(folder, 1).status());
}

}  // namespace

HostNews HostWatch::Look(Time now) {
  HostNews news;
  LookAtFiles(news);
  LookAtProcesses(news, now);
  looked_ = now;
  return news;
}

void HostWatch::LookAtFiles(HostNews& news) {
  const absl::StatusOr<std::string> count = host_.ReadFile(kCount, kMaxBytes);
  // Without any VFIO nobody has such a file, and loading it is news.
  news.counts = count.ok() || (IsThere(host_, "/sys/module") &&
                               !IsThere(host_, "/sys/class/vfio") &&
                               !IsThere(host_, "/sys/class/vfio-dev"));
  int64_t open = 0;
  if (!count.ok() || !absl::SimpleAtoi(*count, &open)) open = 0;
  if (open != count_) {
    news.files =
        open > count_ ? HostNews::Files::kOpened : HostNews::Files::kClosed;
  }
  count_ = open;
}

void HostWatch::LookAtProcesses(HostNews& news, Time now) {
  const pid_t newest = NewestPid(host_);
  const pid_t from = newest_before_ + 1;
  const bool known = newest_before_ > 0 && newest > 0 && now < all_due_ &&
                     now - looked_ < kLongestGap;
  const bool changed = newest != newest_before_;
  newest_before_ = newest_;
  newest_ = newest;
  if (known && !changed) return;
  news.complete = !known;
  const absl::StatusOr<std::vector<pid_t>> pids =
      host_.ListProcesses(known ? from : 1, kMaxProcesses);
  if (!pids.ok()) {
    news.complete = false;
    newest_before_ = 0;
    return;
  }
  news.pids = *pids;
  if (!known) {
    all_due_ = now + kAllPause;
  } else if (newest < from) {
    // Ids began anew.
    const absl::StatusOr<std::vector<pid_t>> low =
        host_.ListProcesses(1, kMaxProcesses);
    if (!low.ok()) return;
    std::copy_if(low->begin(), low->end(), std::back_inserter(news.pids),
                 [&](pid_t pid) { return pid <= newest; });
  }
}

}  // namespace oriel::capture
