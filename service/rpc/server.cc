#include "service/rpc/server.h"

#include <arpa/inet.h>
#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "base/unix_listener.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "service/rpc/accepted_connections.h"
#include "service/rpc/bounded_shutdown.h"
#include "service/rpc/device_service.h"
#include "service/rpc/display_service.h"
#include "service/rpc/messages.h"
#include "service/rpc/stream_service.h"
#include "spdlog/spdlog.h"

namespace oriel::rpc {
namespace {

constexpr int kMaxStreamsPerConnection = 128;
// A peer that is gone without a word, or reads nothing at all, is cut off.
constexpr int kKeepaliveTimeMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
// How often clients may ping, also with no call open.
constexpr int kLeastPingIntervalMs = 5'000;

// What matters of it comes back as a status as well.
void LogGrpc(gpr_log_func_args* args) {
  spdlog::debug("event=grpc message={}", LogText(args->message));
}

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size_bytes = 0;
};

absl::StatusOr<SocketAddress> LoopbackOf(const TcpAddress& address) {
  SocketAddress out;
  in_addr v4;
  in6_addr v6;
  if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1 &&
      ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET) {
    sockaddr_in socket_address = {};
    socket_address.sin_family = AF_INET;
    socket_address.sin_port = htons(address.port);
    socket_address.sin_addr = v4;
    std::memcpy(&out.storage, &socket_address, sizeof(socket_address));
    out.size_bytes = sizeof(socket_address);
    return out;
  }
  if (inet_pton(AF_INET6, address.host.c_str(), &v6) == 1 &&
      IN6_IS_ADDR_LOOPBACK(&v6)) {
    sockaddr_in6 socket_address = {};
    socket_address.sin6_family = AF_INET6;
    socket_address.sin6_port = htons(address.port);
    socket_address.sin6_addr = v6;
    std::memcpy(&out.storage, &socket_address, sizeof(socket_address));
    out.size_bytes = sizeof(socket_address);
    return out;
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "cannot listen on \"%s\": it is no loopback address, and this version "
      "has no TLS; use 127.0.0.1 or ::1 and a tunnel such as ssh -L",
      address.host));
}

std::string NameOf(const TcpAddress& address, int port) {
  return absl::StrFormat(
      address.host.find(':') == std::string::npos ? "%s:%d" : "[%s]:%d",
      address.host, port);
}

// gRPC says only that it did not start, so the failing bind is made again.
absl::Status WhyNoTcp(const TcpAddress& address) {
  ASSIGN_OR_RETURN(const SocketAddress socket_address, LoopbackOf(address));
  const UniqueFd fd(
      socket(socket_address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (fd.valid() &&
      setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
      bind(fd.get(), reinterpret_cast<const sockaddr*>(&socket_address.storage),
           socket_address.size_bytes) == 0 &&
      listen(fd.get(), 1) == 0) {
    return absl::OkStatus();
  }
  const std::string name = NameOf(address, address.port);
  if (errno == EADDRINUSE) {
    return absl::AlreadyExistsError(absl::StrFormat(
        "cannot listen on %s: another server listens there; stop it or choose "
        "another port",
        name));
  }
  return absl::ErrnoToStatus(errno,
                             absl::StrFormat("cannot listen on %s", name));
}

void SetOptions(grpc::ServerBuilder* builder) {
  // Without this a second daemon would share the port, and clients would get
  // one or the other.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder->SetMaxSendMessageSize(-1);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                              kMaxStreamsPerConnection);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                              kKeepaliveTimeoutMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      kLeastPingIntervalMs);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
}

class GrpcServer final : public Server {
 public:
  GrpcServer(session::DisplayRegistry* registry, DeviceLister list_devices)
      : streams_(registry),
        displays_(registry),
        devices_(registry, std::move(list_devices)) {}
  ~GrpcServer() override { Stop(Duration::zero()); }

  absl::Status Listen(const std::vector<Address>& addresses);

  std::vector<std::string> addresses() const override {
    std::vector<std::string> names;
    for (const auto& listener : unix_listeners_) {
      names.push_back("unix:" + listener->path());
    }
    for (const TcpListener& listener : tcp_listeners_) {
      names.push_back(NameOf(listener.address, listener.port));
    }
    return names;
  }

  void Ask(std::function<void()> answer) override;

  void BeginStop(Duration grace) override {
    if (shutdown_ != nullptr) shutdown_->Begin(grace);
    displays_.Stop();
  }
  void Stop(Duration grace) override {
    BeginStop(grace);
    if (shutdown_ != nullptr) shutdown_->Finish();
  }

 private:
  struct TcpListener {
    TcpAddress address;
    int port = 0;
  };

  absl::Status WhyNotStarted() const;
  ListeningPlaces Places() const;

  StreamService streams_;
  DisplayService displays_;
  DeviceService devices_;
  std::vector<std::unique_ptr<UnixListener>> unix_listeners_;
  std::vector<TcpListener> tcp_listeners_;
  std::unique_ptr<grpc::Server> server_;  // ends before what it uses
  std::unique_ptr<BoundedShutdown> shutdown_;
  std::unique_ptr<v1::DisplayService::Stub> self_;
};

absl::Status GrpcServer::Listen(const std::vector<Address>& addresses) {
  grpc::ServerBuilder builder;
  SetOptions(&builder);
  // gRPC keeps a pointer to each port until it has started.
  tcp_listeners_.reserve(addresses.size());
  for (const Address& address : addresses) {
    if (const auto* unix_address = std::get_if<UnixAddress>(&address)) {
      ASSIGN_OR_RETURN(
          std::unique_ptr<UnixListener> listener,
          UnixListener::Prepare(unix_address->path, unix_address->mode));
      builder.AddListeningPort("unix:" + listener->bind_path(),
                               grpc::InsecureServerCredentials());
      unix_listeners_.push_back(std::move(listener));
    } else if (const auto* tcp = std::get_if<TcpAddress>(&address)) {
      RETURN_IF_ERROR(LoopbackOf(*tcp).status());
      tcp_listeners_.push_back({*tcp, 0});
      builder.AddListeningPort(NameOf(*tcp, tcp->port),
                               grpc::InsecureServerCredentials(),
                               &tcp_listeners_.back().port);
    }
  }
  builder.RegisterService(&streams_);
  builder.RegisterService(&displays_);
  builder.RegisterService(&devices_);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return WhyNotStarted();
  ASSIGN_OR_RETURN(shutdown_, BoundedShutdown::Create(server_.get(), Places()));
  self_ = v1::DisplayService::NewStub(server_->InProcessChannel({}));
  for (const auto& listener : unix_listeners_) {
    RETURN_IF_ERROR(listener->Publish());
  }
  return absl::OkStatus();
}

ListeningPlaces GrpcServer::Places() const {
  ListeningPlaces places;
  for (const auto& listener : unix_listeners_) {
    places.unix_paths.insert(listener->bind_path());
  }
  for (const TcpListener& listener : tcp_listeners_) {
    places.tcp_ports.insert(listener.port);
  }
  return places;
}

void GrpcServer::Ask(std::function<void()> answer) {
  struct Call {
    grpc::ClientContext context;
    v1::ListDisplaysRequest request;
    v1::ListDisplaysResponse response;
  };
  const auto call = std::make_shared<Call>();
  self_->async()->ListDisplays(
      &call->context, &call->request, &call->response,
      [call, answer = std::move(answer)](const grpc::Status&) { answer(); });
}

absl::Status GrpcServer::WhyNotStarted() const {
  for (const TcpListener& listener : tcp_listeners_) {
    RETURN_IF_ERROR(WhyNoTcp(listener.address));
  }
  return absl::InternalError(
      "the gRPC server did not start; run with --log-level debug for its "
      "reasons");
}

}  // namespace

// A reference that is never given back.
void LeaveGrpcRunning() { grpc_init(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    session::DisplayRegistry* registry, const std::vector<Address>& addresses,
    DeviceLister list_devices) {
  gpr_set_log_function(LogGrpc);
  auto server = std::make_unique<GrpcServer>(registry, std::move(list_devices));
  RETURN_IF_ERROR(server->Listen(addresses));
  return server;
}

}  // namespace oriel::rpc
