#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "capture/borrow/close_watch.h"
#include "capture/borrow/heartbeat.h"
#include "capture/borrow/host.h"
#include "capture/borrow/host_watch.h"
#include "capture/borrow/identify.h"
#include "capture/borrow/loan_pause.h"
#include "capture/borrow/messages.h"
#include "capture/borrow/process.h"
#include "capture/borrow/process_table.h"
#include "capture/borrow/vmm.h"

namespace oriel::capture {

// orield's end of the connection.
class BorrowPeer {
 public:
  virtual ~BorrowPeer() = default;
  // kBusy: not sent, it does not read; kLost: there is no connection any more.
  enum class Result { kSent, kBusy, kLost };
  virtual Result Send(const BorrowMessage& message,
                      std::span<const int> fds) = 0;
};

// Finds VMs' devices, offers them to an orield that answers, watches them, lets
// go. Holds copies only while connected, none that its VMM does not hold, and
// none that orield holds: stopped, it keeps nothing. Thread-compatible.
class Borrower {
 public:
  // Both outlive it.
  Borrower(Host* host, BorrowPeer* peer)
      : host_(*host), peer_(*peer), watch_(host), close_watch_(host) {}

  // Says hello, then offers what there is. orield_pid's own fds are left alone.
  void Connect(pid_t orield_pid, Time now);
  // Closes every copy. Also when the peer answered kLost.
  void Disconnect();
  bool connected() const { return connected_; }

  void Receive(const BorrowMessage& message, Time now);

  // Does what is due; to be called again at the time it returns, and at once
  // when one of wake_fds becomes readable.
  Time Work(Time now);
  std::vector<int> wake_fds(Time now) const;

  // "Offering 2 devices of 1 VM", for people.
  std::string status() const;

 private:
  struct Offered {
    uint64_t id = 0;
    std::string display;
    VmmDevice device;  // without a copy of its own once orield_fd is known
    int orield_fd = -1;
    Time since;
  };
  // Why an offer is to be withdrawn.
  struct Loss {
    std::string reason;
    bool closed = false;  // by a VMM that goes on
  };
  struct Watched {
    Vmm vmm;  // without devices
    // As of the last look that left nothing to do; another listing, another
    // look.
    VfioFds settled;
    std::vector<Offered> offers;
    // Fds not to be borrowed again as long as they are open: of devices that
    // were being removed; that orield does not take, with what each may be.
    std::set<int> leaving;
    std::map<int, std::vector<Candidate>> refused;
    std::vector<std::string> problems;
  };

  void KeepInTouch();
  void Receive(const Taken& taken);
  Offered* FindOffer(uint64_t id, Watched** owner);
  // Without a reason: the VMM's fd is still what was copied.
  Loss WhyClosed(const Vmm& vmm, const Offered& offered) const;
  void WatchFiles();
  void WatchLinks();
  void Scan(Time now);
  void LookAt(pid_t pid, Time now);
  ProcessTable::Found Examine(pid_t pid, ProcessTable::News& news);
  // Its devices are not to be copied now.
  bool IsPausing(pid_t pid) const;
  // Whether there is nothing left to do with them now.
  bool Finish(pid_t pid, const VfioFds& fds);
  // Its fds are not what they were, and who else has its files is to be seen.
  void LookSoon(pid_t pid);
  void TakeUp(Vmm found, const VfioFds& fds);
  // False: there is something to be looked at again.
  bool TakeUpDevice(Watched& watched, VmmDevice device);
  // False: the peer is busy or gone.
  bool MakeOffer(Watched& watched, VmmDevice device);
  void Withdraw(Watched& watched, size_t index, const std::string& reason);
  void EndVmm(pid_t pid, const std::string& reason);
  void Deny(pid_t pid, const absl::Status& denied);
  void TellNotice();
  bool Send(const BorrowMessage& message, std::span<const int> fds = {});
  bool IsTaken(const std::string& display) const;
  bool IsOffered(const VmmDevice& device) const;
  // Keeps it for the next look.
  ProcessTable::News Remember(pid_t pid, const VfioFds& fds);
  bool IsLetAlone(pid_t pid) const;
  size_t OfferCount() const;

  Host& host_;
  BorrowPeer& peer_;
  bool connected_ = false;
  pid_t orield_pid_ = 0;
  uint64_t last_id_ = 0;
  HostWatch watch_;
  ProcessTable table_;
  std::map<pid_t, VfioFds> listings_;  // that are not empty
  std::map<pid_t, Watched> vmms_;
  std::map<pid_t, LoanPause> pauses_;
  // Withdrawn, and not yet let go of by orield.
  std::map<uint64_t, Time> releasing_;
  Time now_;
  Heartbeat heartbeat_;
  CloseWatch close_watch_;
  Time links_due_;
  Time scan_due_;
  Time list_due_;
  // Why nothing, or not all, can be borrowed.
  std::string missing_access_;
  std::map<pid_t, std::string> denials_;
  std::set<pid_t> denied_once_;
  bool too_many_ = false;
  std::string notice_;
  std::string logged_notice_;
};

}  // namespace oriel::capture
