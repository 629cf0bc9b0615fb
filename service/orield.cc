// The daemon: wires configuration, devices, sessions and the gRPC server.

#include <malloc.h>
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/command_line.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/stop_guard.h"
#include "base/unix_listener.h"
#include "base/version.h"
#include "base/word_options.h"
#include "capture/discovery/inventory.h"
#include "capture/discovery/uevent_source.h"
#include "encoder/video/probe.h"
#include "service/config/config.h"
#include "service/device_list.h"
#include "service/display_options.h"
#include "service/hotplug.h"
#include "service/inherited_fds.h"
#include "service/interruptible_open.h"
#include "service/offers/offer_server.h"
#include "service/rpc/server.h"
#include "service/session/display_registry.h"
#include "service/watchdog.h"
#include "service/wire/grpc_wire_encoder.h"
#include "spdlog/spdlog.h"

namespace oriel::service {
namespace {

constexpr char kProgram[] = "orield";
constexpr char kDefaultConfig[] = "/etc/oriel/orield.conf";
constexpr std::chrono::seconds kStopGrace(2);
// Less than the TimeoutStopSec of deploy/systemd/oriel.service.
constexpr std::chrono::seconds kStopPatience(8);
enum ExitCode { kExitOk = 0, kExitFailure = 1, kExitUsage = 2 };

constexpr char kExamples[] = R"(Examples:
  orield
      Serves the devices of running VMs that oriel-borrow lends, on
      unix:/run/oriel/oriel.sock.
  orield --config /etc/oriel/orield.conf --check-config
      Says what is wrong with the configuration, then exits: 0 good, 2 not.
  orield --listen unix:/tmp/oriel.sock --listen 127.0.0.1:7470
      Listens there, whatever the configuration says.

See orield(8) and orield.conf(5).)";

struct Flags {
  std::string config_path;  // empty: kDefaultConfig if it exists
  std::vector<std::string> listen;
  std::string devices_socket;  // empty: as the configuration says
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
  if (!flags.devices_socket.empty()) {
    RETURN_IF_ERROR(config::SetDevicesSocket(flags.devices_socket, &config));
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

// The sockets' files go at the first signal: the next daemon can start then,
// whatever holds this one up.
absl::StatusOr<std::unique_ptr<StopGuard>> GuardTheEnd() {
  // A viewer's closed connection is an error of that write, no more.
  signal(SIGPIPE, SIG_IGN);
  return StopGuard::Start(
      {.program = "orield", .patience = kStopPatience, .on_stop = [] {
         UnixListener::UnpublishAll();
         return true;
       }});
}

// Null with OK: it does without. Only a place of the user's choice, or one that
// displays need, must be there.
absl::StatusOr<std::unique_ptr<offers::OfferServer>> TakeOffers(
    const config::v1::Config& config, session::DisplayRegistry* registry) {
  ASSIGN_OR_RETURN(const std::optional<offers::OfferServerOptions> options,
                   OfferOptionsOf(config));
  if (!options.has_value()) return nullptr;
  absl::StatusOr<std::unique_ptr<offers::OfferServer>> server =
      offers::OfferServer::Start(*options, registry);
  if (server.ok() || options->path != config::kDefaultDevicesSocket ||
      !options->displays.empty()) {
    return server;
  }
  spdlog::warn(
      "event=no_devices_socket reason={} way_out=\"give --devices-socket PATH, "
      "or none\"",
      LogText(std::string(server.status().message())));
  return nullptr;
}

void TellStarted(const rpc::Server& server, size_t displays,
                 const std::string& devices_socket) {
  const std::string addresses = absl::StrJoin(server.addresses(), ",");
  spdlog::info("event=started version={} listen={} displays={} devices={}",
               kVersion, addresses, displays, devices_socket);
  std::string status =
      absl::StrFormat("Serving %d displays on %s", displays, addresses);
  if (displays == 0 && devices_socket != config::kNoSocket) {
    status = absl::StrFormat("Waiting for oriel-borrow at %s", devices_socket);
    spdlog::info(
        "event=no_displays reason=\"none is configured, waiting for "
        "oriel-borrow at {}\"",
        devices_socket);
  } else if (displays == 0) {
    status = "Serving no display: none is configured and none can be offered";
    spdlog::warn(
        "event=no_displays reason=\"none is configured, and without a devices "
        "socket none can be offered\" way_out=\"add displays to {}, or give "
        "--devices-socket\"",
        kDefaultConfig);
  }
  sd_notifyf(0, "READY=1\nSTATUS=%s", status.c_str());
}

// Null: nobody waits for its pings. Four rounds each time, because one that is
// late for once is no reason to end all streams.
std::unique_ptr<Watchdog> KeepWatch(rpc::Server* server,
                                    session::DisplayRegistry* registry,
                                    offers::OfferServer* offers) {
  uint64_t limit_us = 0;
  if (sd_watchdog_enabled(0, &limit_us) <= 0) return nullptr;
  using Answer = std::function<void()>;
  std::vector<WatchedPart> parts = {
      {"services", [server](Answer answer) { server->Ask(std::move(answer)); }},
      {"lifecycle", [registry](Answer answer) {
         registry->AskLifecycle(std::move(answer));
       }}};
  if (offers != nullptr) {
    parts.push_back({"offers", [offers](Answer answer) {
                       offers->Ask(std::move(answer));
                     }});
  }
  return std::make_unique<Watchdog>(std::move(parts),
                                    std::chrono::microseconds(limit_us / 4),
                                    [] { sd_notify(0, "WATCHDOG=1"); });
}

// Trying them takes a moment, which no viewer shall wait for.
void TellVideoEncoders() {
  std::map<std::string, std::string> first_usable;  // by codec
  for (const encoder::EncoderProbe& probe : encoder::ProbeVideoEncoders()) {
    const std::string codec = encoder::CodecName(probe.codec);
    std::string& first = first_usable.emplace(codec, "none").first->second;
    if (probe.usable && first == "none") first = probe.name;
    spdlog::debug(
        "event=video_encoder name={} codec={} hardware={} usable={} "
        "tried_ms={} reason={}",
        probe.name, codec, probe.hardware, probe.usable,
        std::chrono::duration_cast<std::chrono::milliseconds>(probe.duration)
            .count(),
        LogText(probe.reason));
  }
  std::string line;
  for (const auto& [codec, name] : first_usable)
    line += " " + codec + "=" + name;
  spdlog::info("event=video_encoders{}", line);
}

// `guard` because what was started already may take its time to end.
ExitCode NotStarted(const absl::Status& status, StopGuard* guard) {
  if (guard != nullptr) guard->BeginEnd();
  // It was asked to end while it started.
  if (absl::IsCancelled(status)) {
    spdlog::info("event=stopped");
    return kExitOk;
  }
  spdlog::error("event=not_started reason={}",
                LogText(std::string(status.message())));
  return kExitFailure;
}

ExitCode Run(const config::v1::Config& config) {
  // Before the first thread, and until the last has gone.
  const absl::StatusOr<std::unique_ptr<StopGuard>> guard = GuardTheEnd();
  if (!guard.ok()) return NotStarted(guard.status(), nullptr);
  const InheritedFds fds = InheritedFds::FromEnvironment();
  rpc::LeaveGrpcRunning();
  const wire::GrpcWireEncoder wire;
  Hotplug hotplug;
  InterruptibleOpens opens;
  TellVideoEncoders();

  std::vector<session::DisplayOptions> displays =
      DisplayOptionsOf(config, &fds, &hotplug, &opens);
  for (const session::DisplayOptions& display : displays) {
    spdlog::info("event=display name={} device={} max_rate_hz={}", display.name,
                 LogText(display.device), display.max_rate_hz);
  }
  const std::unique_ptr<session::DisplayRegistry> registry =
      session::DisplayRegistry::Create(std::move(displays), LimitsOf(config),
                                       &wire);
  const absl::StatusOr<std::unique_ptr<offers::OfferServer>> offers =
      TakeOffers(config, registry.get());
  if (!offers.ok()) return NotStarted(offers.status(), guard->get());
  const rpc::DeviceLister list_devices = [&] {
    v1::ListDevicesResponse list =
        MakeDeviceList(capture::ListHostDevices(),
                       *offers == nullptr ? std::vector<offers::LentDevice>()
                                          : (*offers)->List(),
                       registry->List(), config);
    for (const encoder::EncoderProbe& probe : encoder::ProbeVideoEncoders())
      *list.add_video_encoders() = ToProto(probe);
    return list;
  };
  const absl::StatusOr<std::unique_ptr<rpc::Server>> server =
      rpc::Server::Start(registry.get(), AddressesOf(config), list_devices);
  if (!server.ok()) return NotStarted(server.status(), guard->get());
  TellStarted(
      **server, registry->List().size(),
      *offers == nullptr ? config::kNoSocket : config.devices_socket().path());

  hotplug.Start(capture::ListenToKernel(),
                [&registry](const std::string& display) {
                  registry->TryOpening(display);
                });

  auto watchdog = KeepWatch(server->get(), registry.get(), offers->get());
  const int signal_number = (*guard)->AwaitStop();
  watchdog.reset();
  spdlog::info("event=stopping signal={}", sigabbrev_np(signal_number));
  sd_notify(0, "STOPPING=1\nSTATUS=Letting go of the devices");
  (*guard)->SetStep("letting go of the devices");
  (*server)->BeginStop(kStopGrace);
  hotplug.Stop();
  if (*offers != nullptr) (*offers)->Stop();
  opens.End();
  registry->Stop();
  (*guard)->SetStep("ending the calls of clients");
  (*server)->Stop(kStopGrace);
  (*guard)->SetStep("ending");
  spdlog::info("event=stopped");
  return kExitOk;
}

void TellError(const absl::Status& status) {
  std::fprintf(stderr, "%s: %s\n", kProgram,
               std::string(status.message()).c_str());
}

ExitCode Main(const Flags& flags) {
  const absl::StatusOr<config::v1::Config> config = ConfigOf(flags);
  if (!config.ok()) {
    TellError(config.status());
    return kExitUsage;
  }
  if (flags.check_config) {
    const absl::Status told =
        WriteToStandardOutput("The configuration is good.\n");
    if (!told.ok()) TellError(told);
    return told.ok() ? kExitOk : kExitFailure;
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
  oriel::NameProgram(app, kProgram);
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
  app.add_option("--devices-socket", flags.devices_socket,
                 "Take devices from oriel-borrow and launchers here instead of "
                 "where the configuration says")
      ->type_name("PATH|none");
  oriel::AddLogLevel(app, &flags.log_level);
  app.add_flag("--check-config", flags.check_config,
               "Check the configuration, then exit");
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (const auto answer = oriel::ParseCommandLine(app, arguments)) {
    return oriel::PrintAnswer(kProgram, *answer);
  }
  const int status = Main(flags);
  std::fflush(nullptr);
  // gRPC's threads go on, and exit() would destroy what they use.
  _exit(status);
}
