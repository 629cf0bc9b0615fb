#include "service/rpc/device_service.h"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/display/edid_region.h"
#include "capture/edid/edid.h"
#include "capture/igd/op_region.h"
#include "capture/inspect/device_report.h"
#include "capture/inspect/op_region_reader.h"
#include "service/rpc/device_messages.h"
#include "service/rpc/grpc_status.h"
#include "service/rpc/messages.h"

namespace oriel::rpc {
namespace {

constexpr int kMaxListings = 4;

void Sleep(Duration duration) { std::this_thread::sleep_for(duration); }

std::string Bytes(std::span<const uint8_t> bytes) {
  return std::string(bytes.begin(), bytes.end());
}

absl::Status FillEdid(capture::Device& device, v1::GetEdidResponse* response) {
  ASSIGN_OR_RETURN(const capture::EdidRegion region,
                   capture::FindEdidRegion(device));
  ASSIGN_OR_RETURN(const capture::EdidState state,
                   capture::ReadEdid(device, region));
  response->set_link(ToProto(state.link));
  response->set_edid(Bytes(state.blob));
  *response->mutable_limits() =
      ToProto(region, capture::CheckEdidWritable(device, region));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint8_t>> EdidOf(const v1::SetEdidRequest& request,
                                            const capture::EdidLimits& limits) {
  if (request.has_edid()) {
    return std::vector<uint8_t>(request.edid().begin(), request.edid().end());
  }
  ASSIGN_OR_RETURN(const capture::edid::Monitor monitor, MonitorOf(request));
  return capture::EdidFor(limits, monitor);
}

absl::Status PlugIn(capture::Device& device, const v1::SetEdidRequest& request,
                    v1::SetEdidResponse* response) {
  ASSIGN_OR_RETURN(const capture::EdidRegion region,
                   capture::FindEdidRegion(device));
  ASSIGN_OR_RETURN(const std::vector<uint8_t> blob,
                   EdidOf(request, region.limits));
  RETURN_IF_ERROR(capture::WriteEdid(device, region, blob, Sleep));
  response->set_edid(Bytes(blob));
  return absl::OkStatus();
}

absl::Status FillOpRegion(capture::Device& device,
                          v1::GetOpRegionResponse* response) {
  ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                   capture::ReadOpRegion(device));
  response->set_op_region(Bytes(bytes));
  ASSIGN_OR_RETURN(const capture::igd::OpRegion parsed,
                   capture::igd::ParseOpRegion(bytes));
  response->set_vbt(Bytes(std::span(bytes).subspan(parsed.vbt_offset_bytes,
                                                   parsed.vbt_size_bytes)));
  if (parsed.vbt.has_value()) return absl::OkStatus();
  response->set_vbt_problem(parsed.problems.empty() ? "the OpRegion has no VBT"
                                                    : parsed.problems.back());
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* DeviceService::ListDevices(
    grpc::CallbackServerContext* context,
    const v1::ListDevicesRequest* /*request*/,
    v1::ListDevicesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto list = [this, reactor, response] {
    if (list_devices_) *response = list_devices_();
    listings_.fetch_sub(1);
    reactor->Finish(grpc::Status::OK);
  };
  if (listings_.fetch_add(1) < kMaxListings && lister_.Submit(list)) {
    return reactor;
  }
  listings_.fetch_sub(1);
  reactor->Finish(ToGrpcStatus(absl::ResourceExhaustedError(
      absl::StrFormat("%d lists of devices are being made; ask again in a "
                      "moment",
                      kMaxListings))));
  return reactor;
}

grpc::ServerUnaryReactor* DeviceService::Ask(
    grpc::CallbackServerContext* context, const std::string& display,
    std::function<absl::Status(capture::Device& device)> fill) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (absl::Status status = CheckDisplayName(display); !status.ok()) {
    reactor->Finish(ToGrpcStatus(status));
    return reactor;
  }
  registry_->VisitDevice(
      display, [reactor, fill = std::move(fill)](
                   const absl::StatusOr<capture::Device*>& device) {
        reactor->Finish(
            ToGrpcStatus(device.ok() ? fill(**device) : device.status()));
      });
  return reactor;
}

// Request and response live until Finish.
grpc::ServerUnaryReactor* DeviceService::GetDevice(
    grpc::CallbackServerContext* context, const v1::GetDeviceRequest* request,
    v1::GetDeviceResponse* response) {
  return Ask(
      context, request->display(),
      [this, request, response](capture::Device& device) -> absl::Status {
        ASSIGN_OR_RETURN(const capture::DeviceReport report,
                         capture::InspectDevice(device));
        *response = ToProto(report);
        const auto status = registry_->Get(request->display());
        if (status.ok()) {
          response->set_read_bytes_per_second(status->read_bytes_per_second);
        }
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* DeviceService::GetEdid(
    grpc::CallbackServerContext* context, const v1::GetEdidRequest* request,
    v1::GetEdidResponse* response) {
  return Ask(context, request->display(), [response](capture::Device& device) {
    return FillEdid(device, response);
  });
}

grpc::ServerUnaryReactor* DeviceService::SetEdid(
    grpc::CallbackServerContext* context, const v1::SetEdidRequest* request,
    v1::SetEdidResponse* response) {
  if (absl::Status status = CheckSetEdid(*request); !status.ok()) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpcStatus(status));
    return reactor;
  }
  return Ask(context, request->display(),
             [request, response](capture::Device& device) {
               return PlugIn(device, *request, response);
             });
}

grpc::ServerUnaryReactor* DeviceService::GetOpRegion(
    grpc::CallbackServerContext* context, const v1::GetOpRegionRequest* request,
    v1::GetOpRegionResponse* response) {
  return Ask(context, request->display(), [response](capture::Device& device) {
    return FillOpRegion(device, response);
  });
}

}  // namespace oriel::rpc
