#include "capture/borrow/proc_folder.h"

#include <dirent.h>
#include <errno.h>

#include <algorithm>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"

namespace oriel::capture {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

}  // namespace

absl::StatusOr<std::vector<pid_t>> ProcFolder::List(pid_t from, size_t max) {
  const std::unique_ptr<DIR, CloseFolder> folder(opendir("/proc"));
  if (folder == nullptr) return absl::ErrnoToStatus(errno, "list /proc");
  const bool seeks = from > 1 && offset_.has_value();
  if (seeks) seekdir(folder.get(), from + *offset_);
  std::vector<pid_t> pids;
  std::optional<long> offset;
  bool regular = true;
  // Where the entry that comes next stands, as the one before it says.
  long position = 0;
  while (pids.size() < max) {
    errno = 0;
    const dirent* entry = readdir(folder.get());
    if (entry == nullptr) break;
    pid_t pid = 0;
    if (absl::SimpleAtoi(entry->d_name, &pid) && pid > 0) {
      if (pid >= from) pids.push_back(pid);
      regular = regular && (!offset || position - pid == *offset);
      offset = position - pid;
    }
    position = entry->d_off;
  }
  if (errno != 0) return absl::ErrnoToStatus(errno, "list /proc");
  if (!seeks) offset_ = regular ? offset : std::nullopt;
  std::sort(pids.begin(), pids.end());
  return pids;
}

}  // namespace oriel::capture
