// The daemon: wires configuration, devices, sessions and the gRPC server.

#include <malloc.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/version.h"
#include "capture/discovery/link_watch.h"
#include "service/config/config.h"
#include "service/display_options.h"
#include "service/inherited_fds.h"
#include "service/rpc/server.h"
#include "service/session/display_registry.h"
#include "service/wire/grpc_wire_encoder.h"
#include "spdlog/spdlog.h"

namespace oriel::service {
namespace {

constexpr char kDefaultConfig[] = "/etc/oriel/orield.conf";
constexpr std::chrono::seconds kStopGrace(2);
enum ExitCode { kExitOk = 0, kExitFailure = 1, kExitUsage = 2 };

constexpr char kExamples[] = R"(Examples:
  orield
      Serves every mdev of this host on unix:/run/oriel/oriel.sock.
  orield --config /etc/oriel/orield.conf --check-config
      Says what is wrong with the configuration, then exits: 0 good, 2 not.
  orield --listen unix:/tmp/oriel.sock --listen 127.0.0.1:7470
      Listens there, whatever the configuration says.

See orield(8) and orield.conf(5).)";

struct Flags {
  std::string config_path;  // empty: kDefaultConfig if it exists
  std::vector<std::string> listen;
  std::string log_level = "info";
  bool check_config = false;
};

absl::Status CheckNew(const config::v1::Listen& listen,
                      const config::v1::Config& config,
                      const std::string& text) {
  const std::string key = config::ListenKey(listen);
  for (const config::v1::Listen& other : config.listen()) {
    if (!key.empty() && config::ListenKey(other) == key) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--listen %s is given twice", text));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<config::v1::Config> ConfigOf(const Flags& flags) {
  config::v1::Config config = config::DefaultConfig();
  if (!flags.config_path.empty()) {
    ASSIGN_OR_RETURN(config, config::LoadConfig(flags.config_path));
  } else if (access(kDefaultConfig, F_OK) == 0) {
    ASSIGN_OR_RETURN(config, config::LoadConfig(kDefaultConfig));
  }
  if (!flags.listen.empty()) config.clear_listen();
  for (const std::string& text : flags.listen) {
    ASSIGN_OR_RETURN(const config::v1::Listen listen,
                     config::ParseListen(text));
    RETURN_IF_ERROR(CheckNew(listen, config, text));
    *config.add_listen() = listen;
  }
  return config;
}

std::vector<rpc::Address> AddressesOf(const config::v1::Config& config) {
  std::vector<rpc::Address> addresses;
  for (const config::v1::Listen& listen : config.listen()) {
    if (listen.has_unix()) {
      addresses.push_back(
          rpc::UnixAddress{listen.unix().path(), listen.unix().mode()});
    } else {
      addresses.push_back(rpc::TcpAddress{
          listen.tcp().address(), static_cast<int>(listen.tcp().port())});
    }
  }
  return addresses;
}

session::RegistryLimits LimitsOf(const config::v1::Config& config) {
  session::RegistryLimits limits;
  limits.viewers_per_display = config.limits().viewers_per_display();
  limits.lanes_per_display = config.limits().lanes_per_display();
  limits.worker_threads = config.limits().worker_threads();
  return limits;
}

// Blocked before the first thread starts, so that all threads inherit it.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  // A viewer's closed connection is an error of that write, no more.
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

// Returns at the first signal; a second one then ends the process at once.
void AwaitStopSignal(const sigset_t& signals) {
  int number = 0;
  sigwait(&signals, &number);
  spdlog::info("event=stopping signal={}", number == SIGINT ? "INT" : "TERM");
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
}

void TellStarted(const rpc::Server& server,
                 const std::vector<std::string>& displays) {
  const std::string addresses = absl::StrJoin(server.addresses(), ",");
  spdlog::info("event=started version={} listen={} displays={}", kVersion,
               addresses, displays.size());
  std::string status =
      absl::StrFormat("Serving %d displays on %s", displays.size(), addresses);
  if (displays.empty()) {
    status = "Serving no display: none is configured and there is no mdev";
    spdlog::warn(
        "event=no_displays reason=\"none is configured, and this host has no "
        "mdev\" way_out=\"add displays to {}, or create an mdev and restart\"",
        kDefaultConfig);
  }
  sd_notifyf(0, "READY=1\nSTATUS=%s", status.c_str());
}

ExitCode Run(const config::v1::Config& config) {
  const sigset_t signals = BlockStopSignals();
  const InheritedFds fds = InheritedFds::FromEnvironment();
  const wire::GrpcWireEncoder wire;
  capture::LinkWatch links;

  std::vector<session::DisplayOptions> displays =
      DisplayOptionsOf(config, &fds, &links);
  std::vector<std::string> names;
  for (const session::DisplayOptions& display : displays) {
    names.push_back(display.name);
    spdlog::info("event=display name={} device={} max_rate_hz={}", display.name,
                 LogText(display.device), display.max_rate_hz);
  }
  const std::unique_ptr<session::DisplayRegistry> registry =
      session::DisplayRegistry::Create(std::move(displays), LimitsOf(config),
                                       &wire);
  const absl::StatusOr<std::unique_ptr<rpc::Server>> server =
      rpc::Server::Start(registry.get(), AddressesOf(config));
  if (!server.ok()) {
    spdlog::error("event=not_started reason={}",
                  LogText(std::string(server.status().message())));
    registry->Stop();
    return kExitFailure;
  }
  TellStarted(**server, names);

  AwaitStopSignal(signals);
  sd_notify(0, "STOPPING=1\nSTATUS=Letting go of the devices");
  registry->Stop();
  (*server)->Stop(kStopGrace);
  spdlog::info("event=stopped");
  return kExitOk;
}

ExitCode Main(const Flags& flags) {
  const absl::StatusOr<config::v1::Config> config = ConfigOf(flags);
  if (!config.ok()) {
    std::fprintf(stderr, "%s\n",
                 std::string(config.status().message()).c_str());
    return kExitUsage;
  }
  if (flags.check_config) {
    std::printf("The configuration is good.\n");
    return kExitOk;
  }
  InitLogging(flags.log_level);
  return Run(*config);
}

}  // namespace
}  // namespace oriel::service

int main(int argc, char** argv) {
  using namespace oriel::service;  // NOLINT: the names of this file
  // Each thread's arena keeps what encoders free. With few arenas, and large
  // buffers mapped on their own, it goes back to the system at once; bands of
  // a picture are smaller and stay quick to allocate.
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  Flags flags;
  CLI::App app{"Streams the screens of this host's vGPUs to remote viewers."};
  app.set_version_flag("--version", std::string("orield ") + oriel::kVersion);
  app.footer(kExamples);
  app.add_option("--config", flags.config_path,
                 std::string("Read this configuration; default ") +
                     kDefaultConfig + " if it exists")
      ->type_name("FILE");
  app.add_option("--listen", flags.listen,
                 "Listen here instead of where the configuration says; "
                 "repeatable")
      ->type_name("unix:PATH|HOST:PORT")
      ->allow_extra_args(false);
  app.add_option("--log-level", flags.log_level, "Log this and what is worse")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_flag("--check-config", flags.check_config,
               "Check the configuration, then exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return Main(flags);
}
