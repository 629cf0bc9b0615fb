#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "oriel/v1/display.grpc.pb.h"
#include "oriel/v1/streaming.grpc.pb.h"

namespace oriel::clients {

// An orield for tests that answers as its fields say; set them before the
// first call. Listens on a socket in /tmp. Runs calls on gRPC's threads.
class FakeOrield : public v1::DisplayService::Service,
                   public v1::StreamService::Service {
 public:
  using AttachStream = grpc::ServerReaderWriter<v1::StreamFramesResponse,
                                                v1::AttachDisplayRequest>;

  FakeOrield();
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
  grpc::Status AttachDisplay(grpc::ServerContext* context,
                             AttachStream* stream) override;

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
