#pragma once

#include <sys/types.h>

#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/picture/picture.h"
#include "base/unique_fd.h"
#include "capture/borrow/messages.h"
#include "capture/display/fake_frame_source.h"
#include "service/offers/borrowed_display.h"
#include "service/session/display_registry.h"
#include "service/session/session_context.h"
#include "service/session/test_wire.h"

namespace oriel::offers {

// The write end of a pipe: whether any copy of it is still open can be asked
// of the other end.
class FakeVfioFd {
 public:
  FakeVfioFd();
  // The test's own copy.
  int fd() const { return device_.get(); }
  UniqueFd Copy() const;
  void CloseOwn() { device_.reset(); }
  // Waits a generous time until no copy is open.
  bool AwaitClosed() const;
  bool IsOpen() const;

 private:
  UniqueFd other_end_;
  UniqueFd device_;
};

// A process that does nothing until it is killed, as a VMM may be.
class FakeVmm {
 public:
  FakeVmm();
  ~FakeVmm() { Kill(); }
  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  UniqueFd CopyPidFd() const;
  void Kill();

 private:
  pid_t pid_ = -1;
  bool reaped_ = false;
  UniqueFd pidfd_;
};

// A registry whose borrowed devices all show one screen. Sources keep the fd,
// as a device does.
class OffersWorld {
 public:
  OffersWorld();
  ~OffersWorld();

  session::DisplayRegistry& registry() { return *registry_; }
  LeasedDeviceOpener opener();

  const std::shared_ptr<capture::FakeScreen> screen =
      std::make_shared<capture::FakeScreen>(Size{64, 48});
  std::atomic<bool> adoption_fails{false};

 private:
  const session::TestWire wire_;
  std::unique_ptr<session::DisplayRegistry> registry_;
};

capture::Offer MakeOffer(uint64_t id, const std::string& display,
                         const std::string& device = "",
                         const std::string& vm = "");

// The other end of orield's socket.
class TestHelper {
 public:
  explicit TestHelper(UniqueFd socket) : socket_(std::move(socket)) {}
  // Connects it.
  TestHelper(UniqueFd socket, const std::string& path);
  static TestHelper ConnectTo(const std::string& path);

  bool SendText(const std::string& text, std::span<const int> fds = {});
  bool Send(const capture::BorrowMessage& message,
            std::span<const int> fds = {}) {
    return SendText(EncodeBorrowMessage(message), fds);
  }
  // Waits for one; empty when the connection was closed.
  std::optional<capture::BorrowMessage> Receive();
  // Whatever is said before.
  void AwaitClosed() {
    while (Receive().has_value()) {
    }
  }
  void Close() { socket_.reset(); }

 private:
  UniqueFd socket_;
};

}  // namespace oriel::offers
