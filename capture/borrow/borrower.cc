#include "capture/borrow/borrower.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/version.h"
#include "capture/borrow/access.h"
#include "spdlog/spdlog.h"

namespace oriel::capture {
namespace {

using std::chrono::milliseconds;

constexpr Duration kLinksPause = milliseconds(250);
constexpr Duration kScanPause = milliseconds(50);
constexpr Duration kListPause = milliseconds(400);
// So that a VM's end is not noticed late because of a scan.
constexpr Duration kScanSlice = milliseconds(10);
constexpr Duration kReleasePatience = milliseconds(2000);
constexpr size_t kMaxProcesses = 100000;
constexpr size_t kMaxOffers = 256;

std::string WhoIs(const Vmm& vmm) {
  return absl::StrFormat("%s (pid %d)",
                         vmm.name.empty() ? vmm.command : vmm.name, vmm.pid);
}

std::vector<Candidate> WatchedDevices(const Identity& identity) {
  if (identity.device.has_value()) return {*identity.device};
  return identity.may_be;
}

// Empty: the VMM's fd is still what was copied.
std::string WhyClosed(Host& host, const Vmm& vmm, const VmmDevice& device) {
  const absl::StatusOr<bool> same =
      host.SameFile(vmm.pid, device.vmm_fd, device.fd.get());
  if (same.ok() && *same) return {};
  if (same.ok()) {
    return absl::StrFormat("%s closed the device and uses its fd for another",
                           WhoIs(vmm));
  }
  if (absl::IsFailedPrecondition(same.status())) {
    // An exiting process closes its fds before its pidfd tells.
    const absl::StatusOr<ProcessStat> stat = ReadProcessStat(host, vmm.pid);
    if (stat.ok() && !stat->exiting) return WhoIs(vmm) + " closed the device";
  }
  if (absl::IsFailedPrecondition(same.status()) ||
      absl::IsNotFound(same.status())) {
    return WhoIs(vmm) + " ended";
  }
  return absl::StrFormat("%s cannot be watched any more: %s", WhoIs(vmm),
                         std::string(same.status().message()));
}

}  // namespace

void Borrower::Connect(pid_t orield_pid, Time now) {
  Disconnect();
  connected_ = true;
  orield_pid_ = orield_pid;
  now_ = links_due_ = scan_due_ = list_due_ = now;
  if (!Send(Hello{absl::StrFormat("oriel-borrow %s", kVersion)})) {
    return Disconnect();
  }
  missing_access_ = MissingAccess(host_);
  TellNotice();
}

void Borrower::Disconnect() {
  connected_ = false;
  vmms_.clear();
  close_watch_.Clear();
  table_.Clear();
  releasing_.clear();
  denials_.clear();
  denied_once_.clear();
  too_many_ = false;
  notice_.clear();
}

void Borrower::Receive(const BorrowMessage& message, Time now) {
  now_ = now;
  if (const auto* released = std::get_if<Released>(&message)) {
    releasing_.erase(released->id);
    return;
  }
  if (const auto* notice = std::get_if<Notice>(&message)) {
    spdlog::warn("event=orield_says text={}", LogText(notice->text));
    return;
  }
  const auto* refused = std::get_if<Refused>(&message);
  if (refused == nullptr) return;
  for (auto& [pid, watched] : vmms_) {
    for (size_t i = 0; i < watched.offers.size(); ++i) {
      Offered& offered = watched.offers[i];
      if (offered.id != refused->id) continue;
      spdlog::warn("event=refused display={} reason={}", offered.display,
                   LogText(refused->reason));
      watched.refused.insert(offered.device.vmm_fd);
      watched.offers.erase(watched.offers.begin() + static_cast<long>(i));
      return;
    }
  }
}

Time Borrower::Work(Time now) {
  now_ = now;
  if (!connected_) return Time::max();
  std::vector<pid_t> ended;
  for (const auto& [pid, watched] : vmms_) {
    if (host_.HasEnded(watched.vmm.pidfd.get())) ended.push_back(pid);
  }
  for (const pid_t pid : ended) {
    EndVmm(pid, WhoIs(vmms_[pid].vmm) + " ended");
    if (!connected_) return Time::max();
  }
  if (close_watch_.IsDue(now)) WatchFiles();
  if (connected_ && now >= links_due_) {
    WatchLinks();
    links_due_ = now + kLinksPause;
  }
  if (connected_ && now >= scan_due_) Scan(now);
  if (!connected_) return Time::max();
  for (auto& [id, deadline] : releasing_) {
    if (now < deadline) continue;
    spdlog::warn(
        "event=not_released id={} reason=\"orield does not say that it let go "
        "of a device\"",
        id);
    deadline = Time::max();
  }
  if (OfferCount() == 0) return scan_due_;
  return std::min({close_watch_.due(), links_due_, scan_due_});
}

void Borrower::WatchFiles() {
  const Time begin = Clock::now();
  for (auto& [pid, watched] : vmms_) {
    for (size_t i = watched.offers.size(); i-- > 0;) {
      const std::string reason =
          WhyClosed(host_, watched.vmm, watched.offers[i].device);
      if (reason.empty()) continue;
      Withdraw(watched, i, reason);
      if (!connected_) return;
      table_.LookSoon(pid, now_);
      scan_due_ = now_;
    }
  }
  close_watch_.Looked(Clock::now() - begin, now_);
}

void Borrower::WatchLinks() {
  for (auto& [pid, watched] : vmms_) {
    for (size_t i = watched.offers.size(); i-- > 0;) {
      const VmmDevice& device = watched.offers[i].device;
      for (const Candidate& candidate : WatchedDevices(device.identity)) {
        if (host_.ReadLink(candidate.watch_link).ok()) continue;
        watched.leaving.insert(device.vmm_fd);
        Withdraw(watched, i,
                 absl::StrFormat("device %s is being removed or unbound",
                                 candidate.name));
        if (!connected_) return;
        break;
      }
    }
  }
}

void Borrower::Scan(Time now) {
  if (now >= list_due_) {
    list_due_ = now + kListPause;
    std::vector<pid_t> pids;
    const auto names = host_.ListNames("/proc", kMaxProcesses);
    if (!names.ok()) return;
    for (const std::string& name : *names) {
      pid_t pid = 0;
      if (absl::SimpleAtoi(name, &pid) && pid > 0) pids.push_back(pid);
    }
    table_.Refresh(pids, now);
    const std::set<pid_t> present(pids.begin(), pids.end());
    const auto gone = [&](pid_t pid) { return present.count(pid) == 0; };
    std::erase_if(denials_, [&](const auto& item) { return gone(item.first); });
    std::erase_if(denied_once_, gone);
  }
  const Time begin = Clock::now();
  while (connected_ && Clock::now() - begin < kScanSlice) {
    const std::optional<pid_t> pid = table_.NextDue(now);
    if (!pid.has_value()) break;
    LookAt(*pid, now);
  }
  if (!connected_) return;
  TellNotice();
  if (table_.NextDue(now).has_value()) {
    scan_due_ = now;
  } else {
    scan_due_ = OfferCount() > 0 ? std::min(now + kScanPause, list_due_)
                                 : list_due_;
  }
}

void Borrower::LookAt(pid_t pid, Time now) {
  const Time begin = Clock::now();
  const auto done = [&](ProcessTable::Found found) {
    table_.Looked(pid, found, Clock::now() - begin, now);
  };
  const absl::StatusOr<ProcessStat> stat = ReadProcessStat(host_, pid);
  if (!stat.ok()) return done(ProcessTable::Found::kNothing);
  if (stat->kernel_thread) return done(ProcessTable::Found::kKernelThread);
  // Their fds are copies: our own, or those of a second oriel-borrow.
  if (pid == orield_pid_ || stat->command == "oriel-borrow") {
    return done(ProcessTable::Found::kNothing);
  }
  const absl::StatusOr<VfioFds> fds = ListVfioFds(host_, pid);
  if (!fds.ok()) {
    if (LooksLikeVmm(host_, pid)) Deny(pid, fds.status());
    return done(ProcessTable::Found::kNothing);
  }
  const auto watched = vmms_.find(pid);
  if (fds->empty() &&
      (watched == vmms_.end() || watched->second.offers.empty())) {
    vmms_.erase(pid);
    return done(ProcessTable::Found::kNothing);
  }
  const bool settled =
      watched != vmms_.end() && watched->second.settled == *fds;
  if (!settled && !fds->devices.empty()) {
    absl::StatusOr<Vmm> vmm = LookAtVmm(host_, pid, *fds);
    if (vmm.ok()) {
      TakeUp(*std::move(vmm), *fds);
    } else {
      Deny(pid, vmm.status());
    }
  }
  done(ProcessTable::Found::kVfio);
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
  std::erase_if(watched.refused, closed);
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
  if (offered != watched.offers.end()) {
    // What it may be changes as devices come and go; a proof stays.
    Identity& known = offered->device.identity;
    if (!known.device.has_value()) known = std::move(device.identity);
    return true;
  }
  if (!device.may_be_display || watched.refused.count(device.vmm_fd) > 0) {
    return true;
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
  return MakeOffer(watched, std::move(device));
}

bool Borrower::MakeOffer(Watched& watched, VmmDevice device) {
  if (OfferCount() >= kMaxOffers) {
    too_many_ = true;
    return false;
  }
  const Vmm& vmm = watched.vmm;
  Offer offer;
  offer.id = last_id_ + 1;
  offer.display =
      DisplayName(vmm, device.identity,
                  [this](const std::string& name) { return IsTaken(name); });
  if (device.identity.device.has_value()) {
    offer.device = device.identity.device->name;
  }
  offer.vm = vmm.name;
  offer.vmm_pid = vmm.pid;
  offer.command = vmm.command;
  offer.evidence = device.identity.evidence;
  offer.dma_bufs_allowed = device.dma_bufs_allowed;
  const std::array<int, 2> fds = {device.fd.get(), vmm.pidfd.get()};
  if (!Send(offer, fds)) return false;
  ++last_id_;
  spdlog::info("event=offered display={} vm={} pid={} fd={} evidence={}",
               offer.display, LogText(vmm.name), vmm.pid, device.vmm_fd,
               LogText(offer.evidence));
  watched.offers.push_back({offer.id, offer.display, std::move(device)});
  return true;
}

void Borrower::Withdraw(Watched& watched, size_t index,
                        const std::string& reason) {
  Offered offered = std::move(watched.offers[index]);
  watched.offers.erase(watched.offers.begin() + static_cast<long>(index));
  watched.settled = {};
  too_many_ = false;
  // Before all else: our copy alone keeps the next VM from starting.
  offered.device.fd.reset();
  releasing_[offered.id] = now_ + kReleasePatience;
  // An orield that does not read would keep its copy.
  if (!Send(Withdrawal{offered.id, reason})) Disconnect();
  // Who reads the log may be slow.
  spdlog::info("event=withdrawn display={} reason={}", offered.display,
               LogText(reason));
}

void Borrower::EndVmm(pid_t pid, const std::string& reason) {
  const auto at = vmms_.find(pid);
  Watched watched = std::move(at->second);
  vmms_.erase(at);
  table_.Forget(pid);
  while (connected_ && !watched.offers.empty()) {
    Withdraw(watched, watched.offers.size() - 1, reason);
  }
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

void Borrower::TellNotice() {
  std::string text = missing_access_;
  if (text.empty() && !denials_.empty()) {
    text = denials_.begin()->second;
    if (denials_.size() > 1) {
      text += absl::StrFormat(" (and %u more processes)", denials_.size() - 1);
    }
  }
  if (text.empty() && too_many_) {
    text = absl::StrFormat("more than %u devices: the others are not borrowed",
                           kMaxOffers);
  }
  if (text == notice_ || !Send(Notice{text})) return;
  notice_ = text;
  if (!text.empty() && text != logged_notice_) {
    spdlog::warn("event=notice text={}", LogText(text));
  }
  logged_notice_ = text;
}

bool Borrower::Send(const BorrowMessage& message, std::span<const int> fds) {
  if (!connected_) return false;
  const BorrowPeer::Result result = peer_.Send(message, fds);
  if (result == BorrowPeer::Result::kLost) Disconnect();
  return result == BorrowPeer::Result::kSent;
}

bool Borrower::IsTaken(const std::string& display) const {
  for (const auto& [pid, watched] : vmms_) {
    for (const Offered& offered : watched.offers) {
      if (offered.display == display) return true;
    }
  }
  return false;
}

// A VMM's child or its launcher can hold the same open file, and a VMM under
// two numbers.
bool Borrower::IsOffered(const VmmDevice& device) const {
  for (const auto& [pid, watched] : vmms_) {
    for (const Offered& offered : watched.offers) {
      const absl::StatusOr<bool> same =
          host_.SameFile(pid, offered.device.vmm_fd, device.fd.get());
      if (same.ok() && *same) return true;
    }
  }
  return false;
}

size_t Borrower::OfferCount() const {
  size_t count = 0;
  for (const auto& [pid, watched] : vmms_) count += watched.offers.size();
  return count;
}

std::vector<int> Borrower::wake_fds(Time now) const {
  std::vector<int> fds;
  if (const int fd = close_watch_.hint_fd(now); fd >= 0 && !vmms_.empty()) {
    fds.push_back(fd);
  }
  for (const auto& [pid, watched] : vmms_) {
    fds.push_back(watched.vmm.pidfd.get());
  }
  return fds;
}

std::string Borrower::status() const {
  const size_t vms = static_cast<size_t>(std::count_if(
      vmms_.begin(), vmms_.end(),
      [](const auto& item) { return !item.second.offers.empty(); }));
  std::string text =
      absl::StrFormat("Offering %u devices of %u VMs", OfferCount(), vms);
  return notice_.empty() ? text : text + "; " + notice_;
}

}  // namespace oriel::capture
