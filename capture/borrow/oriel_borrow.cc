// The only process of Oriel with capabilities: copies a running VM's VFIO fds
// and hands them to orield.

#include <poll.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/command_line.h"
#include "base/log.h"
#include "base/log_limit.h"
#include "base/stop_guard.h"
#include "base/version.h"
#include "base/word_options.h"
#include "capture/borrow/borrower.h"
#include "capture/borrow/connection.h"
#include "capture/borrow/host.h"
#include "capture/borrow/listing.h"
#include "spdlog/spdlog.h"

namespace oriel::capture {
namespace {

// Looking at a process can hang with that process; less than the TimeoutStopSec
// of deploy/systemd/oriel-borrow.service.
constexpr Duration kStopPatience = std::chrono::seconds(5);
constexpr char kProgram[] = "oriel-borrow";
constexpr Duration kConnectPause = std::chrono::milliseconds(500);
constexpr char kDefaultSocket[] = "/run/oriel/devices.sock";
enum ExitCode { kExitOk = 0, kExitFailure = 1, kExitUsage = 2 };

constexpr char kExamples[] = R"(Examples:
  oriel-borrow
      Lends the devices of running VMs to orield on /run/oriel/devices.sock.
  oriel-borrow --list
      Tells what it finds and what is in the way; hands nothing over.
  oriel-borrow --list --json
      The same for programs.

See oriel-borrow(8).)";

struct Flags {
  std::string socket = kDefaultSocket;
  std::string log_level = "info";
  bool list = false;
  bool json = false;
};

// Messages go to the connection of the moment.
class CurrentPeer : public BorrowPeer {
 public:
  std::unique_ptr<Connection> connection;

  Result Send(const BorrowMessage& message, std::span<const int> fds) override {
    return connection == nullptr ? Result::kLost
                                 : connection->Send(message, fds);
  }
};

class Daemon {
 public:
  Daemon(std::string socket, int stop_fd)
      : socket_(std::move(socket)),
        stop_fd_(stop_fd),
        borrower_(&Host::Real(), &peer_) {}

  void Run() {
    spdlog::info("event=started version={} socket={}", kVersion, socket_);
    if (sd_watchdog_enabled(0, &watchdog_limit_us_) <= 0) {
      watchdog_limit_us_ = 0;
    }
    sd_notify(0, "READY=1");
    while (true) {
      Time next = Reconnect();
      if (borrower_.connected()) next = borrower_.Work(Clock::now());
      if (!borrower_.connected()) {
        ReadMessages();  // perhaps orield says why
        Drop("orield does not read, or does not answer");
        next = connect_due_;
      }
      TellStatus();
      KeepWatch();
      if (Wait(next)) break;
      ReadMessages();
    }
    spdlog::info("event=stopping");
    sd_notify(0, "STOPPING=1");
    borrower_.Disconnect();
  }

 private:
  Time Reconnect() {
    const Time now = Clock::now();
    if (peer_.connection != nullptr || now < connect_due_) return connect_due_;
    connect_due_ = now + kConnectPause;
    absl::StatusOr<std::unique_ptr<Connection>> connection =
        Connection::Open(socket_);
    if (!connection.ok()) {
      const std::string reason(connection.status().message());
      Log("event=waiting reason=" + LogText(reason));
      return connect_due_;
    }
    peer_.connection = *std::move(connection);
    Log(absl::StrFormat("event=connected orield_pid=%d",
                        peer_.connection->orield_pid()));
    borrower_.Connect(peer_.connection->orield_pid(), now);
    return connect_due_;
  }

  void Drop(const std::string& reason) {
    borrower_.Disconnect();
    if (peer_.connection == nullptr) return;
    peer_.connection.reset();
    Log("event=disconnected reason=" + LogText(reason));
  }

  // An orield that takes no offers of ours would be told about for ever.
  void Log(const std::string& line) {
    const std::optional<std::string> unsaid = lines_.Admit(line);
    if (unsaid.has_value()) spdlog::info("{}{}", line, *unsaid);
  }

  // True: a signal to stop came.
  bool Wait(Time next) {
    std::vector<pollfd> fds = {{stop_fd_, POLLIN, 0}};
    if (peer_.connection != nullptr) {
      fds.push_back({peer_.connection->fd(), POLLIN, 0});
    }
    const Time now = Clock::now();
    for (const int fd : borrower_.wake_fds(now)) fds.push_back({fd, POLLIN, 0});
    const auto pause = std::chrono::ceil<std::chrono::milliseconds>(next - now);
    poll(fds.data(), fds.size(),
         static_cast<int>(std::clamp<int64_t>(pause.count(), 0, 1000)));
    return fds[0].revents != 0;
  }

  void ReadMessages() {
    while (peer_.connection != nullptr) {
      const absl::StatusOr<std::optional<BorrowMessage>> message =
          peer_.connection->Receive();
      if (!message.ok()) {
        Drop(std::string(message.status().message()));
        return;
      }
      if (!message->has_value()) return;
      borrower_.Receive(**message, Clock::now());
    }
  }

  // The loop itself is what must not hang.
  void KeepWatch() {
    const Time now = Clock::now();
    if (watchdog_limit_us_ == 0 || now < watchdog_due_) return;
    watchdog_due_ = now + std::chrono::microseconds(watchdog_limit_us_ / 4);
    sd_notify(0, "WATCHDOG=1");
  }

  void TellStatus() {
    const std::string status = peer_.connection == nullptr
                                   ? "Waiting for orield at " + socket_
                                   : borrower_.status();
    if (status == status_) return;
    status_ = status;
    sd_notifyf(0, "STATUS=%s", status.c_str());
  }

  const std::string socket_;
  const int stop_fd_;
  CurrentPeer peer_;
  Borrower borrower_;
  Time connect_due_{};
  LogLimit lines_;
  uint64_t watchdog_limit_us_ = 0;  // of systemd; 0: it does not wait for pings
  Time watchdog_due_{};
  std::string status_;
};

ExitCode RunDaemon(const Flags& flags) {
  InitLogging(flags.log_level);
  const absl::StatusOr<std::unique_ptr<StopGuard>> guard =
      StopGuard::Start({.program = "oriel-borrow", .patience = kStopPatience});
  if (!guard.ok()) {
    spdlog::error("event=not_started reason={}",
                  LogText(std::string(guard.status().message())));
    return kExitFailure;
  }
  Daemon(flags.socket, (*guard)->stop_fd()).Run();
  return kExitOk;
}

ExitCode List(bool json) {
  const Listing listing = ListDevices(Host::Real());
  const absl::Status written = WriteToStandardOutput(
      json ? ListingAsJson(listing) : ListingAsText(listing));
  if (!written.ok()) {
    std::fprintf(stderr, "%s: %s\n", kProgram,
                 std::string(written.message()).c_str());
  }
  return written.ok() && listing.problems.empty() ? kExitOk : kExitFailure;
}

}  // namespace
}  // namespace oriel::capture

int main(int argc, char** argv) {
  using namespace oriel::capture;  // NOLINT: the names of this file
  Flags flags;
  CLI::App app{"Lends the VFIO devices of running VMs to orield."};
  oriel::NameProgram(app, kProgram);
  app.footer(kExamples);
  app.add_option("--socket", flags.socket, "Where orield listens for devices")
      ->type_name("PATH")
      ->capture_default_str();
  oriel::AddLogLevel(app, &flags.log_level);
  app.add_flag("--list", flags.list, "Tell what could be lent now, then exit");
  app.add_flag("--json", flags.json, "As JSON")
      ->needs(app.get_option("--list"));
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (const auto answer = oriel::ParseCommandLine(app, arguments)) {
    return oriel::PrintAnswer(kProgram, *answer);
  }
  return flags.list ? List(flags.json) : RunDaemon(flags);
}
