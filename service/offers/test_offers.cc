#include "service/offers/test_offers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "service/session/registry_impl.h"
#include "service/session/test_encoders.h"

namespace oriel::offers {
namespace {

constexpr int kPatienceMs = 120'000;

class FdSource final : public capture::FrameSource {
 public:
  FdSource(UniqueFd fd, std::unique_ptr<capture::FrameSource> source,
           std::string what)
      : fd_(std::move(fd)),
        source_(std::move(source)),
        what_(std::move(what)) {}
  absl::StatusOr<capture::Frame> Scan(
      const capture::ScanRequest& request) override {
    return source_->Scan(request);
  }
  bool IsAsScanned(Time now) override { return source_->IsAsScanned(now); }
  void Revoke() override { source_->Revoke(); }
  std::string description() const override { return what_; }
  int hangup_fd() const override { return source_->hangup_fd(); }

 private:
  const UniqueFd fd_;
  const std::unique_ptr<capture::FrameSource> source_;
  const std::string what_;
};

UniqueFd CopyOf(int fd) { return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

bool IsHungUp(int fd, int timeout_ms) {
  pollfd poll = {.fd = fd, .events = POLLIN};
  return ::poll(&poll, 1, timeout_ms) == 1;
}

}  // namespace

FakeVfioFd::FakeVfioFd() {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  other_end_ = UniqueFd(ends[0]);
  device_ = UniqueFd(ends[1]);
}

UniqueFd FakeVfioFd::Copy() const { return CopyOf(device_.get()); }

bool FakeVfioFd::AwaitClosed() const {
  return IsHungUp(other_end_.get(), kPatienceMs);
}

bool FakeVfioFd::IsOpen() const { return !IsHungUp(other_end_.get(), 0); }

FakeVmm::FakeVmm() {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd running(ends[0]);
  // A vfork: fork() of a program with threads, under a sanitizer, may hang.
  pid_ = vfork();
  if (pid_ == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", "echo; exec sleep 1000 >&-", nullptr);
    _exit(127);
  }
  close(ends[1]);
  // vfork() returns before exec has closed what the child inherited, among it
  // a test's devices, which are to be open nowhere else. Its first byte comes
  // after that.
  char byte = 0;
  EXPECT_EQ(read(running.get(), &byte, 1), 1);
  pidfd_ = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  EXPECT_TRUE(pidfd_.valid());
}

UniqueFd FakeVmm::CopyPidFd() const { return CopyOf(pidfd_.get()); }

void FakeVmm::Kill() {
  if (std::exchange(reaped_, true)) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

OffersWorld::OffersWorld() {
  session::Tuning tuning;
  tuning.first_attach_pause = std::chrono::milliseconds(1);
  tuning.longest_attach_pause = std::chrono::milliseconds(20);
  registry_ = session::CreateRegistry(
      {}, {}, &wire_,
      session::MakeTestEncoders(
          std::make_shared<session::TestEncoderControls>()),
      tuning);
}

OffersWorld::~OffersWorld() {
  screen->UnblockScans();
  registry_->Stop();
}

LeasedDeviceOpener OffersWorld::opener() {
  return [this](UniqueFd fd, const LeaseOptions& options)
             -> absl::StatusOr<std::unique_ptr<capture::FrameSource>> {
    if (adoption_fails) return absl::InvalidArgumentError("no VFIO device");
    return std::make_unique<FdSource>(std::move(fd), screen->Open(),
                                      options.what);
  };
}

capture::Offer MakeOffer(uint64_t id, const std::string& display,
                         const std::string& device, const std::string& vm) {
  capture::Offer offer;
  offer.id = id;
  offer.display = display;
  offer.device = device;
  offer.vm = vm;
  return offer;
}

TestHelper TestHelper::ConnectTo(const std::string& path) {
  return {UniqueFd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)), path};
}

TestHelper::TestHelper(UniqueFd socket, const std::string& path)
    : socket_(std::move(socket)) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  EXPECT_EQ(connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
                    sizeof(address)),
            0)
      << path << ": " << std::strerror(errno);
}

bool TestHelper::SendText(const std::string& text, std::span<const int> fds) {
  std::string bytes = text;
  iovec part = {bytes.data(), bytes.size()};
  std::vector<char> control(CMSG_SPACE(fds.size_bytes()) + 1);
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  return sendmsg(socket_.get(), &header, MSG_NOSIGNAL) >= 0;
}

std::optional<capture::BorrowMessage> TestHelper::Receive() {
  if (!IsHungUp(socket_.get(), kPatienceMs)) {
    ADD_FAILURE() << "orield neither answers nor hangs up";
    return std::nullopt;
  }
  std::string text(capture::kMaxBorrowMessageBytes, '\0');
  const ssize_t size = recv(socket_.get(), text.data(), text.size(), 0);
  if (size <= 0) return std::nullopt;
  text.resize(static_cast<size_t>(size));
  auto message = capture::ParseBorrowMessage(text);
  EXPECT_TRUE(message.ok()) << message.status();
  if (!message.ok()) return std::nullopt;
  return *std::move(message);
}

}  // namespace oriel::offers
