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
constexpr Duration kReleasePatience = milliseconds(2000);
constexpr size_t kMaxOffers = 256;

// Whether it is certain that the device is being removed or unbound. One of
// which it is not known which it is stays: its VMM has it open as well, and is
// seen to close it.
bool IsLeaving(Host& host, const Identity& identity) {
  const std::vector<Candidate> devices = PossibleDevices(identity);
  return !devices.empty() &&
         std::none_of(devices.begin(), devices.end(), [&](const Candidate& c) {
           return host.ReadLink(c.watch_link).ok();
         });
}

}  // namespace

Borrower::Loss Borrower::WhyClosed(const Vmm& vmm,
                                   const Offered& offered) const {
  const VmmDevice& device = offered.device;
  const absl::StatusOr<bool> same =
      device.fd.valid()
          ? host_.SameFile(vmm.pid, device.vmm_fd, device.fd.get())
          : host_.SameFileElsewhere(vmm.pid, device.vmm_fd, orield_pid_,
                                    offered.orield_fd);
  if (same.ok() && *same) return {};
  if (same.ok()) {
    return {absl::StrFormat("%s closed the device and uses its fd for another",
                            WhoIs(vmm)),
            true};
  }
  if (absl::IsFailedPrecondition(same.status())) {
    // An exiting process closes its fds before its pidfd tells.
    const absl::StatusOr<ProcessStat> stat = ReadProcessStat(host_, vmm.pid);
    if (stat.ok() && !stat->exiting) {
      return {WhoIs(vmm) + " closed the device", true};
    }
  }
  if (absl::IsFailedPrecondition(same.status()) ||
      absl::IsNotFound(same.status())) {
    return {WhoIs(vmm) + " ended"};
  }
  return {absl::StrFormat("%s cannot be watched any more: %s", WhoIs(vmm),
                          std::string(same.status().message()))};
}

void Borrower::Connect(pid_t orield_pid, Time now) {
  Disconnect();
  connected_ = true;
  orield_pid_ = orield_pid;
  now_ = links_due_ = scan_due_ = list_due_ = now;
  heartbeat_.Begin(now);
  if (!Send(Hello{absl::StrFormat("oriel-borrow %s", kVersion)})) {
    return Disconnect();
  }
  // Nothing is offered any more of what it knows.
  table_.Alarm(now);
  missing_access_ = MissingAccess(host_);
  TellNotice();
}

void Borrower::Disconnect() {
  connected_ = false;
  vmms_.clear();
  pauses_.clear();
  close_watch_.Clear();
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
    table_.LookAtLikely(now);
    return;
  }
  if (const auto* notice = std::get_if<Notice>(&message)) {
    spdlog::warn("event=orield_says text={}", LogText(notice->text));
    return;
  }
  if (const auto* pong = std::get_if<Pong>(&message)) {
    heartbeat_.Receive(*pong, now);
    return;
  }
  if (const auto* taken = std::get_if<Taken>(&message)) return Receive(*taken);
  const auto* refused = std::get_if<Refused>(&message);
  if (refused == nullptr) return;
  Watched* owner = nullptr;
  const Offered* offered = FindOffer(refused->id, &owner);
  if (offered == nullptr) return;
  spdlog::warn("event=refused display={} reason={}", offered->display,
               LogText(refused->reason));
  owner->refused[offered->device.vmm_fd] =
      PossibleDevices(offered->device.identity);
  owner->offers.erase(owner->offers.begin() + (offered - &owner->offers[0]));
}

// A copy of our own would keep the device busy when this process hangs.
void Borrower::Receive(const Taken& taken) {
  Watched* owner = nullptr;
  Offered* offered = FindOffer(taken.id, &owner);
  if (offered == nullptr || !offered->device.fd.valid()) return;
  // Proven, because orield may be in another PID namespace, and may lie.
  const absl::StatusOr<bool> same =
      host_.SameFile(orield_pid_, taken.fd, offered->device.fd.get());
  if (!same.ok() || !*same) return;
  offered->orield_fd = taken.fd;
  offered->device.fd.reset();
}

Borrower::Offered* Borrower::FindOffer(uint64_t id, Watched** owner) {
  for (auto& [pid, watched] : vmms_) {
    for (Offered& offered : watched.offers) {
      if (offered.id != id) continue;
      *owner = &watched;
      return &offered;
    }
  }
  return nullptr;
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
  if (connected_) KeepInTouch();
  // What is offered to an orield that hangs stays open in the socket.
  if (connected_ && heartbeat_.has_answered() && now >= scan_due_) Scan(now);
  if (!connected_) return Time::max();
  for (auto& [id, deadline] : releasing_) {
    if (now < deadline) continue;
    spdlog::warn(
        "event=not_released id={} reason=\"orield does not say that it let go "
        "of a device\"",
        id);
    deadline = Time::max();
  }
  if (!heartbeat_.has_answered()) return heartbeat_.due();
  const Time due = std::min(heartbeat_.due(), scan_due_);
  if (OfferCount() == 0) return due;
  return std::min({close_watch_.due(), links_due_, due});
}

void Borrower::KeepInTouch() {
  const std::optional<Ping> ping = heartbeat_.Due(now_);
  if (ping.has_value() && !Send(*ping)) heartbeat_.NotSent(now_);
  if (!connected_ || !heartbeat_.IsSilent(now_)) return;
  spdlog::warn(
      "event=orield_silent reason=\"orield has not answered for {} s; is it "
      "stopped, or stuck? What it holds stays busy until it goes on or ends\"",
      std::chrono::duration_cast<std::chrono::seconds>(kBorrowSilence).count());
  Disconnect();
}

void Borrower::WatchFiles() {
  const Time begin = Clock::now();
  for (auto& [pid, watched] : vmms_) {
    for (size_t i = watched.offers.size(); i-- > 0;) {
      const Loss loss = WhyClosed(watched.vmm, watched.offers[i]);
      if (loss.reason.empty()) continue;
      if (loss.closed) pauses_[pid].Closed(watched.offers[i].since, now_);
      Withdraw(watched, i, loss.reason);
      if (!connected_) return;
      LookSoon(pid);
    }
  }
  close_watch_.Looked(Clock::now() - begin, now_);
}

void Borrower::WatchLinks() {
  for (auto& [pid, watched] : vmms_) {
    for (size_t i = watched.offers.size(); i-- > 0;) {
      const VmmDevice& device = watched.offers[i].device;
      if (!IsLeaving(host_, device.identity)) continue;
      watched.leaving.insert(device.vmm_fd);
      Withdraw(watched, i,
               absl::StrFormat("device %s is being removed or unbound",
                               NamesOf(PossibleDevices(device.identity))));
      if (!connected_) return;
    }
  }
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
  watched.offers.push_back(
      {offer.id, offer.display, std::move(device), -1, now_});
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
  pauses_.erase(pid);
  LookSoon(pid);
  while (connected_ && !watched.offers.empty()) {
    Withdraw(watched, watched.offers.size() - 1, reason);
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
