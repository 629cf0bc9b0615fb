#pragma once

#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "capture/borrow/borrower.h"
#include "capture/borrow/messages.h"
#include "capture/borrow/scripted_host.h"
#include "gtest/gtest.h"

namespace oriel::capture {

inline constexpr char kUuidA[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
inline constexpr char kUuidB[] = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002";
inline constexpr pid_t kOrieldPid = 99;

// What was sent, but pings; answers as orield does, on demand.
class RecordingPeer : public BorrowPeer {
 public:
  Result Send(const BorrowMessage& message, std::span<const int> fds) override {
    if (result != Result::kSent) return result;
    if (const Ping* ping = std::get_if<Ping>(&message)) {
      pings.push_back(ping->serial);
      return Result::kSent;
    }
    messages.push_back(message);
    fd_counts.push_back(fds.size());
    return Result::kSent;
  }

  template <typename Kind>
  std::vector<Kind> All() const {
    std::vector<Kind> all;
    for (const BorrowMessage& message : messages) {
      if (const Kind* kind = std::get_if<Kind>(&message)) all.push_back(*kind);
    }
    return all;
  }

  // As orield does.
  void Answer(Borrower& borrower, Time now) {
    for (; answered < pings.size() && answers; ++answered) {
      borrower.Receive(Pong{pings[answered]}, now);
    }
  }

  Result result = Result::kSent;
  bool answers = true;
  size_t answered = 0;
  std::vector<uint64_t> pings;
  std::vector<BorrowMessage> messages;  // but pings
  std::vector<size_t> fd_counts;
};

class BorrowerFixture : public ::testing::Test {
 protected:
  void SetUp() override { Start(); }

  void Start() { borrower_.Connect(kOrieldPid, now_); }

  // True: there is more to do now.
  bool Work() {
    const bool more = borrower_.Work(now_) <= now_;
    const size_t answered = peer_.answered;
    peer_.Answer(borrower_, now_);
    return more || peer_.answered != answered;
  }

  // As the daemon does, for so long; every 25 ms.
  void Run(Duration duration) {
    for (const Time end = now_ + duration; now_ < end;
         now_ += std::chrono::milliseconds(25)) {
      while (Work()) {
      }
    }
  }

  // A VM with one mdev; the file's key.
  int AddVm(pid_t pid, const std::string& name, const std::string& uuid,
            const std::string& group) {
    host_.AddProcess(pid, "qemu-system-x86", "qemu|-name|" + name, 100 + pid);
    host_.AddMdev(uuid, group);
    host_.HoldGroup(pid, 4, group);
    return host_.OpenFile(pid, 5, {});
  }

  // Two mdevs that nothing tells apart, as fds 5 and 9; their keys.
  std::array<int, 2> AddVmWithTwo() {
    const int a = AddVm(7, "win11", kUuidA, "12");
    host_.AddMdev(kUuidB, "13");
    host_.HoldGroup(7, 8, "13");
    return {a, host_.OpenFile(7, 9, {})};
  }

  std::vector<Offer> offers() const { return peer_.All<Offer>(); }
  std::vector<Withdrawal> withdrawals() const {
    return peer_.All<Withdrawal>();
  }

  ScriptedHost host_;
  RecordingPeer peer_;
  Borrower borrower_{&host_, &peer_};
  Time now_ = Clock::now();
};

}  // namespace oriel::capture
