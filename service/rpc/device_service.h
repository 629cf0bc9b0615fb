#pragma once

#include <atomic>
#include <functional>

#include "oriel/v1/device.grpc.pb.h"
#include "service/session/display_registry.h"
#include "service/session/thread_pool.h"

namespace oriel::rpc {

// May block for as long as sysfs and /proc do; called on one thread.
using DeviceLister = std::function<v1::ListDevicesResponse()>;

// Thread-safe. Devices are asked on their displays' capture threads.
class DeviceService final : public v1::DeviceService::CallbackService {
 public:
  // `registry` outlives the service.
  DeviceService(session::DisplayRegistry* registry, DeviceLister list_devices)
      : registry_(registry),
        list_devices_(std::move(list_devices)),
        lister_("device-lister", 1) {}

  grpc::ServerUnaryReactor* ListDevices(
      grpc::CallbackServerContext* context,
      const v1::ListDevicesRequest* request,
      v1::ListDevicesResponse* response) override;
  grpc::ServerUnaryReactor* GetDevice(grpc::CallbackServerContext* context,
                                      const v1::GetDeviceRequest* request,
                                      v1::GetDeviceResponse* response) override;
  grpc::ServerUnaryReactor* GetEdid(grpc::CallbackServerContext* context,
                                    const v1::GetEdidRequest* request,
                                    v1::GetEdidResponse* response) override;
  grpc::ServerUnaryReactor* SetEdid(grpc::CallbackServerContext* context,
                                    const v1::SetEdidRequest* request,
                                    v1::SetEdidResponse* response) override;
  grpc::ServerUnaryReactor* GetOpRegion(
      grpc::CallbackServerContext* context,
      const v1::GetOpRegionRequest* request,
      v1::GetOpRegionResponse* response) override;

 private:
  // `fill` makes the answer out of the open device.
  grpc::ServerUnaryReactor* Ask(
      grpc::CallbackServerContext* context, const std::string& display,
      std::function<absl::Status(capture::Device& device)> fill);

  session::DisplayRegistry* const registry_;
  const DeviceLister list_devices_;
  std::atomic<int> listings_{0};
  session::ThreadPool lister_;  // at most kMaxListings tasks wait
};

}  // namespace oriel::rpc
