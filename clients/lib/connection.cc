#include "clients/lib/connection.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/version.h"
#include "clients/lib/connect_diagnosis.h"

namespace oriel::clients {
namespace {

using SystemClock = std::chrono::system_clock;

constexpr std::chrono::seconds kUnaryTimeout(10);
// A video access unit can be larger than the 1 MiB of other messages.
constexpr int kMaxReceiveBytes = 64 * 1024 * 1024;
// More pages than any host has displays: a server that never ends its list.
constexpr int kMaxPages = 1000;

grpc::ChannelArguments ChannelArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  // Streams have heartbeats of their own; pings notice a dead peer below them.
  // Rare enough for a server that allows no more than gRPC's default.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  // A proxy for web pages is not on the way to a virtualization host.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Each Connection connects by itself, so that one that was refused does not
  // hand its back-off to the next.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetUserAgentPrefix(std::string("oriel/") + kVersion);
  return arguments;
}

std::unique_ptr<grpc::ClientContext> UnaryContext() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(SystemClock::now() + kUnaryTimeout);
  return context;
}

bool Connect(grpc::Channel& channel, SystemClock::time_point deadline) {
  for (;;) {
    const grpc_connectivity_state state = channel.GetState(true);
    if (state == GRPC_CHANNEL_READY) return true;
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE ||
        state == GRPC_CHANNEL_SHUTDOWN) {
      return false;
    }
    if (!channel.WaitForStateChange(state, deadline)) return false;
  }
}

}  // namespace

Connection::Connection(ServerAddress address,
                       std::shared_ptr<grpc::Channel> channel)
    : address_(std::move(address)),
      channel_(std::move(channel)),
      displays_(v1::DisplayService::NewStub(channel_)),
      devices_(v1::DeviceService::NewStub(channel_)),
      streams_(v1::StreamService::NewStub(channel_)) {}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(
    const std::string& server, std::chrono::milliseconds timeout) {
  ASSIGN_OR_RETURN(ServerAddress address, ParseServerAddress(server));
  std::shared_ptr<grpc::Channel> channel = grpc::CreateCustomChannel(
      address.grpc_target, grpc::InsecureChannelCredentials(),
      ChannelArguments());
  if (!Connect(*channel, SystemClock::now() + timeout)) {
    return absl::UnavailableError(
        absl::StrFormat("cannot reach orield at %s: %s", address.text,
                        DiagnoseConnect(address)));
  }
  return std::unique_ptr<Connection>(
      new Connection(std::move(address), std::move(channel)));
}

absl::StatusOr<std::vector<v1::Display>> Connection::ListDisplays() const {
  std::vector<v1::Display> displays;
  v1::ListDisplaysRequest request;
  for (int page = 0; page < kMaxPages; ++page) {
    v1::ListDisplaysResponse response;
    const auto context = UnaryContext();
    RETURN_IF_ERROR(
        Explain(displays_->ListDisplays(context.get(), request, &response)));
    for (v1::Display& display : *response.mutable_displays()) {
      displays.push_back(std::move(display));
    }
    if (response.next_page_token().empty()) return displays;
    request.set_page_token(response.next_page_token());
  }
  return absl::InternalError(absl::StrFormat(
      "orield at %s: the list of displays did not end after %d pages",
      address_.text, kMaxPages));
}

absl::StatusOr<v1::Display> Connection::GetDisplay(
    const std::string& name) const {
  v1::GetDisplayRequest request;
  request.set_name(name);
  v1::GetDisplayResponse response;
  const auto context = UnaryContext();
  RETURN_IF_ERROR(
      Explain(displays_->GetDisplay(context.get(), request, &response)));
  return std::move(*response.mutable_display());
}

absl::StatusOr<v1::TakeSnapshotResponse> Connection::TakeSnapshot(
    const v1::TakeSnapshotRequest& request) const {
  v1::TakeSnapshotResponse response;
  const auto context = UnaryContext();
  RETURN_IF_ERROR(
      Explain(displays_->TakeSnapshot(context.get(), request, &response)));
  return response;
}

absl::StatusOr<v1::ListDevicesResponse> Connection::ListDevices() const {
  v1::ListDevicesResponse response;
  const auto context = UnaryContext();
  RETURN_IF_ERROR(Explain(devices_->ListDevices(context.get(), {}, &response)));
  return response;
}

absl::StatusOr<v1::GetDeviceResponse> Connection::GetDevice(
    const std::string& display) const {
  v1::GetDeviceRequest request;
  request.set_display(display);
  v1::GetDeviceResponse response;
  const auto context = UnaryContext();
  RETURN_IF_ERROR(
      Explain(devices_->GetDevice(context.get(), request, &response)));
  return response;
}

absl::StatusOr<v1::GetEdidResponse> Connection::GetEdid(
    const std::string& display) const {
  v1::GetEdidRequest request;
  request.set_display(display);
  v1::GetEdidResponse response;
  const auto context = UnaryContext();
  RETURN_IF_ERROR(
      Explain(devices_->GetEdid(context.get(), request, &response)));
  return response;
}

absl::StatusOr<v1::SetEdidResponse> Connection::SetEdid(
    const v1::SetEdidRequest& request) const {
  v1::SetEdidResponse response;
  const auto context = UnaryContext();
  RETURN_IF_ERROR(
      Explain(devices_->SetEdid(context.get(), request, &response)));
  return response;
}

absl::StatusOr<v1::GetOpRegionResponse> Connection::GetOpRegion(
    const std::string& display) const {
  v1::GetOpRegionRequest request;
  request.set_display(display);
  v1::GetOpRegionResponse response;
  const auto context = UnaryContext();
  RETURN_IF_ERROR(
      Explain(devices_->GetOpRegion(context.get(), request, &response)));
  return response;
}

absl::StatusOr<std::string> Connection::ResolveDisplay(
    const std::string& name) const {
  if (!name.empty()) return name;
  ASSIGN_OR_RETURN(const std::vector<v1::Display> displays, ListDisplays());
  if (displays.size() == 1) return displays.front().name();
  if (displays.empty()) {
    return absl::NotFoundError(NoDisplayText());
  }
  constexpr size_t kNamed = 8;
  std::string names;
  for (size_t i = 0; i < displays.size() && i < kNamed; ++i) {
    names += (i == 0 ? "" : ", ") + displays[i].name();
  }
  if (displays.size() > kNamed) names += ", ...";
  return absl::InvalidArgumentError(absl::StrFormat(
      "there are %d displays; name one of: %s", displays.size(), names));
}

std::string Connection::NoDisplayText() const {
  return absl::StrFormat(
      "orield at %s has no display; for the vGPUs of running VMs start "
      "oriel-borrow on that host (as root, oriel-borrow --list says what it "
      "finds and what is in the way), or add a display to orield's "
      "configuration",
      address_.text);
}

absl::Status Connection::Explain(const grpc::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  const std::string& message = status.error_message();
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return absl::UnavailableError(absl::StrFormat(
        "orield at %s did not answer within %d s; is the host overloaded?",
        address_.text, kUnaryTimeout.count()));
  }
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    // gRPC itself answers for an unknown service, without a word.
    return absl::UnimplementedError(absl::StrFormat(
        "orield at %s cannot do this%s; is it an older version?", address_.text,
        message.empty() ? "" : " (" + message + ")"));
  }
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE &&
      channel_->GetState(false) != GRPC_CHANNEL_READY) {
    return absl::UnavailableError(absl::StrFormat(
        "lost orield at %s: %s; did the daemon stop? (systemctl status oriel)",
        address_.text, message));
  }
  // The numbers of grpc::StatusCode and absl::StatusCode are the same.
  return absl::Status(
      static_cast<absl::StatusCode>(status.error_code()),
      message.empty()
          ? absl::StrFormat("orield at %s gave no reason", address_.text)
          : message);
}

}  // namespace oriel::clients
