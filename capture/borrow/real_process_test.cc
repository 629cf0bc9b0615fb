// Real processes, pidfds and kcmp; an eventfd stands in for a VFIO device.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "capture/borrow/borrower.h"
#include "capture/borrow/host.h"
#include "capture/borrow/vmm.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oriel::capture {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

// The real host, but for what an eventfd is taken for, and for which processes
// are seen: the test's own children.
class StandInHost : public Host {
 public:
  std::vector<pid_t> seen;

  absl::StatusOr<std::vector<std::string>> ListNames(const std::string& folder,
                                                     size_t max) override {
    return real_.ListNames(folder, max);
  }
  absl::StatusOr<std::vector<pid_t>> ListProcesses(pid_t, size_t) override {
    return seen;
  }
  absl::StatusOr<std::string> ReadFile(const std::string& path,
                                       size_t max_bytes) override {
    return real_.ReadFile(path, max_bytes);
  }
  absl::StatusOr<std::string> ReadLink(const std::string& path) override {
    absl::StatusOr<std::string> link = real_.ReadLink(path);
    if (link.ok() && *link == "anon_inode:[eventfd]") {
      return std::string("anon_inode:[vfio-device]");
    }
    return link;
  }
  absl::StatusOr<std::string> CharDeviceNumber(
      const std::string& path) override {
    return real_.CharDeviceNumber(path);
  }
  absl::StatusOr<UniqueFd> OpenPidFd(pid_t pid) override {
    return real_.OpenPidFd(pid);
  }
  bool HasEnded(int pidfd) override { return real_.HasEnded(pidfd); }
  absl::StatusOr<UniqueFd> CopyFd(int pidfd, int fd) override {
    return real_.CopyFd(pidfd, fd);
  }
  absl::StatusOr<bool> SameFile(pid_t pid, int fd, int own_fd) override {
    return real_.SameFile(pid, fd, own_fd);
  }
  absl::StatusOr<bool> SameFileElsewhere(pid_t pid, int fd, pid_t other_pid,
                                         int other_fd) override {
    return real_.SameFileElsewhere(pid, fd, other_pid, other_fd);
  }
  absl::StatusOr<UniqueFd> NewCloseEvents() override {
    return real_.NewCloseEvents();
  }
  absl::Status AddCloseEvents(int events, const std::string& path) override {
    return real_.AddCloseEvents(events, path);
  }
  bool TakeCloseEvents(int events) override {
    return real_.TakeCloseEvents(events);
  }
  absl::StatusOr<DeviceFacts> AskDevice(int own_fd) override {
    // An eventfd has no such ioctl.
    EXPECT_FALSE(real_.AskDevice(own_fd).ok());
    return DeviceFacts{};
  }
  absl::StatusOr<DeviceFacts> AskMember(int own_group_fd,
                                        const std::string& name) override {
    return real_.AskMember(own_group_fd, name);
  }

 private:
  Host& real_ = Host::Real();
};

// A child with an eventfd as its fd 77, which obeys: 'c' closes it, 'r' puts
// another eventfd in its place. Each is answered.
class Vm {
 public:
  explicit Vm(uint64_t value) {
    std::array<int, 2> to;
    std::array<int, 2> from;
    EXPECT_EQ(pipe(to.data()), 0);
    EXPECT_EQ(pipe(from.data()), 0);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      prctl(PR_SET_NAME, ") R (x y");
      Obey(to[0], from[1], static_cast<unsigned>(value));
    }
    commands_.reset(to[1]);
    answers_.reset(from[0]);
    close(to[0]);
    close(from[1]);
    Await();
  }
  ~Vm() { Kill(); }

  pid_t pid() const { return pid_; }
  void Do(char command) {
    ASSERT_EQ(write(commands_.get(), &command, 1), 1);
    Await();
  }
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  static void Put(int fd) {
    dup2(fd, 77);
    close(fd);
  }
  [[noreturn]] static void Obey(int commands, int answers, unsigned value) {
    Put(eventfd(value, 0));
    for (int fd = 3; fd < 70; ++fd) {
      if (fd != commands && fd != answers) close(fd);
    }
    char command = 'x';
    do {
      if (command == 'c') close(77);
      if (command == 'r') Put(eventfd(1, 0));
      if (write(answers, &command, 1) != 1) break;
    } while (read(commands, &command, 1) == 1);
    _exit(0);
  }
  void Await() {
    char answer = 0;
    ASSERT_EQ(read(answers_.get(), &answer, 1), 1);
  }

  pid_t pid_ = 0;
  UniqueFd commands_;
  UniqueFd answers_;
};

class CountingPeer : public BorrowPeer {
 public:
  Result Send(const BorrowMessage& message, std::span<const int> fds) override {
    if (const auto* ping = std::get_if<Ping>(&message)) {
      unanswered_ping = ping->serial;
    } else if (const auto* offer = std::get_if<Offer>(&message)) {
      offers.push_back(*offer);
      EXPECT_EQ(fds.size(), 2u);
      uint64_t value = 0;
      EXPECT_EQ(read(fds[0], &value, sizeof(value)), 8);
      values.push_back(value);
    } else if (const auto* gone = std::get_if<Withdrawal>(&message)) {
      reasons.push_back(gone->reason);
    }
    return Result::kSent;
  }
  uint64_t unanswered_ping = 0;
  std::vector<Offer> offers;
  std::vector<uint64_t> values;
  std::vector<std::string> reasons;
};

class RealProcessTest : public ::testing::Test {
 protected:
  void Connect(const Vm& vm) {
    host_.seen = {vm.pid()};
    borrower_.Connect(0, Clock::now());
  }
  // Works until the condition holds; false: it did not.
  template <typename Condition>
  bool Until(Condition condition) {
    const Time end = Clock::now() + std::chrono::seconds(20);
    while (Clock::now() < end) {
      borrower_.Work(Clock::now());
      if (const uint64_t ping = std::exchange(peer_.unanswered_ping, 0)) {
        borrower_.Receive(Pong{ping}, Clock::now());
      }
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return false;
  }
  bool Offered(size_t count) {
    return Until([&] { return peer_.offers.size() == count; });
  }
  bool Withdrawn(size_t count) {
    return Until([&] { return peer_.reasons.size() == count; });
  }

  StandInHost host_;
  CountingPeer peer_;
  Borrower borrower_{&host_, &peer_};
};

TEST_F(RealProcessTest, TheCopyIsTheVmmsOwnFile) {
  Vm vm(4242);
  Connect(vm);
  ASSERT_TRUE(Offered(1));
  EXPECT_EQ(peer_.values[0], 4242u);
  EXPECT_EQ(peer_.offers[0].vmm_pid, vm.pid());
  EXPECT_EQ(peer_.offers[0].command, ") R (x y");
  EXPECT_THAT(peer_.offers[0].display, HasSubstr("unattributed-1"));
}

TEST_F(RealProcessTest, AKilledVmmIsSeenByItsPidfd) {
  Vm vm(1);
  Connect(vm);
  ASSERT_TRUE(Offered(1));
  ASSERT_EQ(borrower_.wake_fds(Clock::now()).size(), 1u);
  vm.Kill();
  pollfd request = {borrower_.wake_fds(Clock::now())[0], POLLIN, 0};
  EXPECT_EQ(poll(&request, 1, 20000), 1);
  borrower_.Work(Clock::now());
  ASSERT_EQ(peer_.reasons.size(), 1u);
  EXPECT_THAT(peer_.reasons[0], HasSubstr("ended"));
}

TEST_F(RealProcessTest, AClosedFdIsSeen) {
  Vm vm(1);
  Connect(vm);
  ASSERT_TRUE(Offered(1));
  vm.Do('c');
  ASSERT_TRUE(Withdrawn(1));
  EXPECT_THAT(peer_.reasons[0], HasSubstr("closed the device"));
}

TEST_F(RealProcessTest, AReusedFdIsSeenAndOfferedAnew) {
  Vm vm(1);
  Connect(vm);
  ASSERT_TRUE(Offered(1));
  vm.Do('r');
  ASSERT_TRUE(Withdrawn(1));
  EXPECT_THAT(peer_.reasons[0], HasSubstr("for another"));
  ASSERT_TRUE(Offered(2));
}

TEST_F(RealProcessTest, CopiesAreClosedOnExec) {
  Vm vm(1);
  host_.seen = {vm.pid()};
  const absl::StatusOr<VfioFds> fds = ListVfioFds(host_, vm.pid());
  ASSERT_TRUE(fds.ok()) << fds.status();
  const absl::StatusOr<Vmm> found = LookAtVmm(host_, vm.pid(), *fds);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->devices.size(), 1u);
  EXPECT_EQ(found->devices[0].vmm_fd, 77);
  EXPECT_EQ(fcntl(found->devices[0].fd.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(found->pidfd.get(), F_GETFD), FD_CLOEXEC);
}

TEST(RealHost, TellsItsErrorsApart) {
  Host& host = Host::Real();
  const pid_t child = fork();
  if (child == 0) _exit(0);
  const absl::StatusOr<UniqueFd> pidfd = host.OpenPidFd(child);
  ASSERT_TRUE(pidfd.ok()) << pidfd.status();
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(host.HasEnded(pidfd->get()));
  EXPECT_TRUE(absl::IsNotFound(host.CopyFd(pidfd->get(), 0).status()));
  EXPECT_TRUE(absl::IsNotFound(host.SameFile(child, 0, 0).status()));
  EXPECT_TRUE(absl::IsNotFound(host.OpenPidFd(child).status()));
  EXPECT_TRUE(
      absl::IsFailedPrecondition(host.SameFile(getpid(), 999, 0).status()));
  EXPECT_TRUE(absl::IsNotFound(host.ReadFile("/no/such", 10).status()));
  EXPECT_EQ(*host.CharDeviceNumber("/dev/null"), "1:3");
  EXPECT_TRUE(absl::IsNotFound(host.CharDeviceNumber("/tmp").status()));
  EXPECT_EQ(host.ReadFile("/proc/self/status", 4)->size(), 4u);
}

}  // namespace
}  // namespace oriel::capture
