#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "oriel/v1/device.grpc.pb.h"
#include "oriel/v1/display.grpc.pb.h"
#include "oriel/v1/streaming.grpc.pb.h"

namespace oriel::clients {

// An orield for tests that answers as its fields say; set them before the
// first call. Listens on a socket in /tmp. Runs calls on gRPC's threads.
class FakeOrield : public v1::DisplayService::Service,
                   public v1::DeviceService::Service,
                   public v1::StreamService::Service {
 public:
  using AttachStream = grpc::ServerReaderWriter<v1::StreamFramesResponse,
                                                v1::AttachDisplayRequest>;

  enum class Age { kCurrent, kBeforeDeviceService };

  explicit FakeOrield(Age age = Age::kCurrent);
  ~FakeOrield() override;

  // "unix:/..."
  const std::string& address() const { return address_; }
  // Ends every call and stops to listen.
  void Stop();

  std::vector<v1::Display> displays;
  // 0: all in one page.
  size_t page_size = 0;
  grpc::Status list_status;
  v1::TakeSnapshotResponse snapshot;
  grpc::Status snapshot_status;
  std::vector<v1::HostDevice> devices;
  std::vector<v1::VideoEncoder> video_encoders;
  grpc::Status devices_status;
  // The answers for each of `displays`.
  v1::GetDeviceResponse device;
  grpc::Status device_status;
  v1::GetEdidResponse edid;
  grpc::Status edid_status;
  std::function<grpc::Status(const v1::SetEdidRequest&, v1::SetEdidResponse*)>
      set_edid;
  v1::GetOpRegionResponse op_region;
  grpc::Status op_region_status;
  // Called after the `open` was read; what it returns ends the stream.
  std::function<grpc::Status(const v1::StreamFramesRequest&, AttachStream*,
                             grpc::ServerContext*)>
      attach;
  std::function<grpc::Status(grpc::ServerWriter<v1::WatchDisplaysResponse>*)>
      watch;

 private:
  grpc::Status ListDisplays(grpc::ServerContext*,
                            const v1::ListDisplaysRequest* request,
                            v1::ListDisplaysResponse* response) override;
  grpc::Status GetDisplay(grpc::ServerContext*,
                          const v1::GetDisplayRequest* request,
                          v1::GetDisplayResponse* response) override;
  grpc::Status WatchDisplays(
      grpc::ServerContext*, const v1::WatchDisplaysRequest*,
      grpc::ServerWriter<v1::WatchDisplaysResponse>* writer) override;
  grpc::Status TakeSnapshot(grpc::ServerContext*,
                            const v1::TakeSnapshotRequest* request,
                            v1::TakeSnapshotResponse* response) override;
  grpc::Status ListDevices(grpc::ServerContext*, const v1::ListDevicesRequest*,
                           v1::ListDevicesResponse* response) override;
  grpc::Status GetDevice(grpc::ServerContext*,
                         const v1::GetDeviceRequest* request,
                         v1::GetDeviceResponse* response) override;
  grpc::Status GetEdid(grpc::ServerContext*, const v1::GetEdidRequest* request,
                       v1::GetEdidResponse* response) override;
  grpc::Status SetEdid(grpc::ServerContext*, const v1::SetEdidRequest* request,
                       v1::SetEdidResponse* response) override;
  grpc::Status GetOpRegion(grpc::ServerContext*,
                           const v1::GetOpRegionRequest* request,
                           v1::GetOpRegionResponse* response) override;
  grpc::Status AttachDisplay(grpc::ServerContext* context,
                             AttachStream* stream) override;
  // OK, or NOT_FOUND.
  grpc::Status FindDisplay(const std::string& name) const;

  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

v1::Display ReadyDisplay(const std::string& name);

v1::StreamFramesResponse OpenedEvent(uint32_t window_bytes,
                                     uint32_t heartbeat_interval_ms = 0);
v1::StreamFramesResponse FormatEvent(uint32_t generation, uint32_t width_px,
                                     uint32_t height_px);
// One fill over the whole picture.
v1::StreamFramesResponse FillEvent(const v1::StreamFormat& format,
                                   uint64_t sequence, uint64_t base_sequence,
                                   uint32_t rgb);
// One intra patch, every pixel of the one colour, over the whole picture.
v1::StreamFramesResponse LosslessEvent(const v1::StreamFormat& format,
                                       uint64_t sequence,
                                       uint64_t base_sequence, uint32_t rgb);

// Sends nothing more until the client hangs up or cancels.
grpc::Status WaitForHangUp(FakeOrield::AttachStream* stream);

}  // namespace oriel::clients
