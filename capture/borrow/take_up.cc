// How Borrower finds VMs' devices and takes them up.

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "capture/borrow/access.h"
#include "capture/borrow/borrower.h"
#include "capture/borrow/vmm.h"
#include "spdlog/spdlog.h"

namespace oriel::capture {
namespace {

using Found = ProcessTable::Found;
using News = ProcessTable::News;

constexpr Duration kNewsPause = std::chrono::milliseconds(200);
// So that a VM's end is not noticed late because of a scan.
constexpr Duration kScanSlice = std::chrono::milliseconds(10);

// Whether an fd's number, seen to lead to one of `known`, may still do so.
bool MayBeOneOf(const Identity& identity, const std::vector<Candidate>& known) {
  const std::vector<Candidate> devices = PossibleDevices(identity);
  return devices.empty() || known.empty() ||
         std::any_of(devices.begin(), devices.end(), [&](const Candidate& d) {
           return std::any_of(
               known.begin(), known.end(),
               [&](const Candidate& other) { return other.name == d.name; });
         });
}

bool HasOthers(const std::vector<VfioFd>& now,
               const std::vector<VfioFd>& before) {
  return std::any_of(now.begin(), now.end(), [&](const VfioFd& fd) {
    return std::find(before.begin(), before.end(), fd) == before.end();
  });
}

}  // namespace

void Borrower::Scan(Time now) {
  if (now >= list_due_) {
    list_due_ = now + kNewsPause;
    const HostNews news = watch_.Look(now);
    if (news.complete) {
      table_.Present(news.pids, now);
    } else {
      table_.Appeared(news.pids, now);
    }
    table_.Tick(news.counts, now);
    if (news.files == HostNews::Files::kOpened) table_.Alarm(now);
    if (news.files == HostNews::Files::kClosed) table_.LookAtLikely(now);
    std::erase_if(pauses_, [&](const auto& item) {
      const auto watched = vmms_.find(item.first);
      return item.second.IsForgotten(now) &&
             (watched == vmms_.end() || watched->second.offers.empty());
    });
  }
  const Time begin = Clock::now();
  std::optional<pid_t> pid;
  while (connected_ && Clock::now() - begin < kScanSlice) {
    pid = table_.Next(now);
    if (!pid.has_value()) break;
    LookAt(*pid, now);
  }
  if (!connected_) return;
  TellNotice();
  scan_due_ = pid.has_value() ? now : std::min(list_due_, table_.due(now));
}

void Borrower::LookAt(pid_t pid, Time now) {
  const Time begin = Clock::now();
  News news = News::kNone;
  const Found found = Examine(pid, news);
  table_.Looked(pid, found, news, Clock::now() - begin, now);
  if (found == Found::kVfio && IsPausing(pid)) {
    table_.LookBy(pid, pauses_[pid].end());
  }
}

Found Borrower::Examine(pid_t pid, News& news) {
  const bool is_new = table_.IsNew(pid);
  if (is_new) {
    pauses_.erase(pid);
    const absl::StatusOr<ProcessStat> stat = ReadProcessStat(host_, pid);
    if (stat.ok() && stat->kernel_thread) return Found::kKernelThread;
  }
  const absl::StatusOr<VfioFds> fds = ListVfioFds(host_, pid);
  if (absl::IsNotFound(fds.status())) {
    denials_.erase(pid);
    denied_once_.erase(pid);
    news = Remember(pid, {});
    return Found::kGone;
  }
  if (!fds.ok()) {
    if (!LooksLikeVmm(host_, pid)) return Found::kNothing;
    Deny(pid, fds.status());
    return Found::kUnfinished;
  }
  news = Remember(pid, *fds);
  const auto watched = vmms_.find(pid);
  if (fds->empty() &&
      (watched == vmms_.end() || watched->second.offers.empty())) {
    vmms_.erase(pid);
    const bool runs_vm = fds->runs_vm || (is_new && LooksLikeVmm(host_, pid));
    return runs_vm ? Found::kVmm : Found::kNothing;
  }
  if (IsLetAlone(pid)) {
    // Copies open nothing.
    if (news == News::kOpened) news = News::kChanged;
    return Found::kVfio;
  }
  return Finish(pid, *fds) ? Found::kVfio : Found::kUnfinished;
}

bool Borrower::IsPausing(pid_t pid) const {
  const auto pause = pauses_.find(pid);
  return pause != pauses_.end() && now_ < pause->second.end();
}

bool Borrower::Finish(pid_t pid, const VfioFds& fds) {
  if (fds.devices.empty() || IsPausing(pid)) return true;
  const auto settled = [&] {
    const auto watched = vmms_.find(pid);
    return watched != vmms_.end() && watched->second.settled == fds;
  };
  if (settled()) return true;
  absl::StatusOr<Vmm> vmm = LookAtVmm(host_, pid, fds);
  if (!vmm.ok()) {
    Deny(pid, vmm.status());
    return false;
  }
  TakeUp(*std::move(vmm), fds);
  return settled();
}

News Borrower::Remember(pid_t pid, const VfioFds& fds) {
  if (fds.empty()) {
    return listings_.erase(pid) > 0 ? News::kChanged : News::kNone;
  }
  VfioFds& known = listings_[pid];
  const VfioFds before = std::exchange(known, fds);
  if (before.devices == fds.devices && before.others == fds.others) {
    return News::kNone;
  }
  return HasOthers(fds.devices, before.devices) ||
                 HasOthers(fds.others, before.others)
             ? News::kOpened
             : News::kChanged;
}

// Their fds are copies: our own, or those of a second oriel-borrow.
bool Borrower::IsLetAlone(pid_t pid) const {
  if (pid == orield_pid_) return true;
  const absl::StatusOr<ProcessStat> stat = ReadProcessStat(host_, pid);
  return stat.ok() && stat->command == "oriel-borrow";
}

void Borrower::LookSoon(pid_t pid) {
  table_.LookSoon(pid, now_);
  table_.LookAtLikely(now_);
  scan_due_ = now_;
}

void Borrower::TakeUp(Vmm found, const VfioFds& fds) {
  denials_.erase(found.pid);
  denied_once_.erase(found.pid);
  std::vector<VmmDevice> devices = std::move(found.devices);
  const auto at = vmms_.find(found.pid);
  if (at != vmms_.end() &&
      at->second.vmm.start_time_ticks != found.start_time_ticks) {
    EndVmm(found.pid, WhoIs(at->second.vmm) + " ended");
    if (!connected_) return;
  }
  close_watch_.Add(found.pid, fds);
  Watched& watched = vmms_[found.pid];
  watched.vmm = std::move(found);
  watched.vmm.devices.clear();
  if (watched.problems != watched.vmm.problems) {
    watched.problems = watched.vmm.problems;
    spdlog::debug("event=not_copied vm={} reason={}",
                  LogText(WhoIs(watched.vmm)),
                  LogText(absl::StrJoin(watched.problems, "; ")));
  }
  const auto closed = [&](int fd) {
    return std::none_of(fds.devices.begin(), fds.devices.end(),
                        [&](const VfioFd& held) { return held.fd == fd; });
  };
  std::erase_if(watched.leaving, closed);
  std::erase_if(watched.refused,
                [&](const auto& item) { return closed(item.first); });
  bool settled = watched.problems.empty();
  for (VmmDevice& device : devices) {
    if (!TakeUpDevice(watched, std::move(device))) settled = false;
    if (!connected_) return;
  }
  watched.settled = settled ? fds : VfioFds{};
}

bool Borrower::TakeUpDevice(Watched& watched, VmmDevice device) {
  const auto offered = std::find_if(
      watched.offers.begin(), watched.offers.end(),
      [&](const Offered& o) { return o.device.vmm_fd == device.vmm_fd; });
  // What tells it from others may come later: a guest gives devices addresses
  // when it boots.
  const bool may_be_told = device.identity.may_be.size() > 1;
  if (offered != watched.offers.end()) {
    // What it may be changes as devices come and go; a proof stays.
    Identity& known = offered->device.identity;
    if (known.device.has_value()) return true;
    if (!device.identity.compared) {
      known = std::move(device.identity);
      return !may_be_told;
    }
    Withdraw(watched, static_cast<size_t>(offered - watched.offers.begin()),
             absl::StrFormat("it is known now to be %s, and offered under its "
                             "own name",
                             device.identity.device->name));
    if (!connected_) return false;
  }
  if (!device.may_be_display) return true;
  if (const auto refused = watched.refused.find(device.vmm_fd);
      refused != watched.refused.end()) {
    if (MayBeOneOf(device.identity, refused->second)) return true;
    watched.refused.erase(refused);
  }
  if (device.leaving()) {
    watched.leaving.insert(device.vmm_fd);
    return false;
  }
  if (watched.leaving.count(device.vmm_fd) > 0) {
    // The fd's number may have come to another device since, or sysfs have
    // forgotten which device it is.
    if (!device.identity.device.has_value()) return false;
    watched.leaving.erase(device.vmm_fd);
  }
  if (IsOffered(device)) return false;
  return MakeOffer(watched, std::move(device)) && !may_be_told;
}

// A VMM's child or its launcher can hold the same open file, and a VMM under
// two numbers; or it has opened a device twice. When the first is closed it is
// the other's turn.
bool Borrower::IsOffered(const VmmDevice& device) const {
  for (const auto& [pid, watched] : vmms_) {
    for (const Offered& offered : watched.offers) {
      const std::optional<Candidate>& known = offered.device.identity.device;
      if (known.has_value() && device.identity.device.has_value() &&
          known->name == device.identity.device->name) {
        return true;
      }
      const absl::StatusOr<bool> same =
          host_.SameFile(pid, offered.device.vmm_fd, device.fd.get());
      if (same.ok() && *same) return true;
    }
  }
  return false;
}

void Borrower::Deny(pid_t pid, const absl::Status& denied) {
  const bool matters =
      absl::IsPermissionDenied(denied) || absl::IsUnimplemented(denied);
  const absl::StatusOr<ProcessStat> stat = ReadProcessStat(host_, pid);
  // Links of a process that has just ended are "denied", too.
  if (!matters || !missing_access_.empty() || !stat.ok() || stat->exiting) {
    return;
  }
  if (denied_once_.insert(pid).second) return;
  if (denials_.count(pid) == 0) {
    denials_[pid] = ExplainDenial(host_, pid, denied);
  }
}

}  // namespace oriel::capture
