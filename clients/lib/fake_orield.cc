#include "clients/lib/fake_orield.h"

#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>

namespace oriel::clients {
namespace {

// TEST_TMPDIR can be longer than a socket's path may be.
std::string SocketPath() {
  static std::atomic<int> count = 0;
  return "/tmp/oriel-fake-" + std::to_string(getpid()) + "-" +
         std::to_string(++count);
}

grpc::Status NoSuchDisplay(const std::string& name) {
  return grpc::Status(grpc::StatusCode::NOT_FOUND,
                      "no display is named '" + name + "'");
}

}  // namespace

FakeOrield::FakeOrield(Age age) : address_("unix:" + SocketPath()) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address_, grpc::InsecureServerCredentials());
  builder.RegisterService(static_cast<v1::DisplayService::Service*>(this));
  if (age == Age::kCurrent) {
    builder.RegisterService(static_cast<v1::DeviceService::Service*>(this));
  }
  builder.RegisterService(static_cast<v1::StreamService::Service*>(this));
  server_ = builder.BuildAndStart();
}

FakeOrield::~FakeOrield() { Stop(); }

void FakeOrield::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

grpc::Status FakeOrield::ListDisplays(grpc::ServerContext*,
                                      const v1::ListDisplaysRequest* request,
                                      v1::ListDisplaysResponse* response) {
  if (!list_status.ok()) return list_status;
  const size_t begin = std::min<size_t>(
      displays.size(),
      std::strtoul(request->page_token().c_str(), nullptr, 10));
  const size_t end = page_size == 0
                         ? displays.size()
                         : std::min(displays.size(), begin + page_size);
  for (size_t i = begin; i < end; ++i) *response->add_displays() = displays[i];
  if (end < displays.size()) {
    response->set_next_page_token(std::to_string(end));
  }
  return grpc::Status::OK;
}

grpc::Status FakeOrield::GetDisplay(grpc::ServerContext*,
                                    const v1::GetDisplayRequest* request,
                                    v1::GetDisplayResponse* response) {
  for (const v1::Display& display : displays) {
    if (display.name() == request->name()) {
      *response->mutable_display() = display;
      return grpc::Status::OK;
    }
  }
  return NoSuchDisplay(request->name());
}

grpc::Status FakeOrield::WatchDisplays(
    grpc::ServerContext*, const v1::WatchDisplaysRequest*,
    grpc::ServerWriter<v1::WatchDisplaysResponse>* writer) {
  return watch(writer);
}

grpc::Status FakeOrield::TakeSnapshot(grpc::ServerContext*,
                                      const v1::TakeSnapshotRequest* request,
                                      v1::TakeSnapshotResponse* response) {
  if (!snapshot_status.ok()) return snapshot_status;
  *response = snapshot;
  return FindDisplay(request->name());
}

grpc::Status FakeOrield::ListDevices(grpc::ServerContext*,
                                     const v1::ListDevicesRequest*,
                                     v1::ListDevicesResponse* response) {
  for (const v1::HostDevice& one : devices) *response->add_devices() = one;
  for (const v1::VideoEncoder& one : video_encoders)
    *response->add_video_encoders() = one;
  return devices_status;
}

grpc::Status FakeOrield::GetDevice(grpc::ServerContext*,
                                   const v1::GetDeviceRequest* request,
                                   v1::GetDeviceResponse* response) {
  if (!device_status.ok()) return device_status;
  *response = device;
  return FindDisplay(request->display());
}

grpc::Status FakeOrield::GetEdid(grpc::ServerContext*,
                                 const v1::GetEdidRequest* request,
                                 v1::GetEdidResponse* response) {
  if (!edid_status.ok()) return edid_status;
  *response = edid;
  return FindDisplay(request->display());
}

grpc::Status FakeOrield::SetEdid(grpc::ServerContext*,
                                 const v1::SetEdidRequest* request,
                                 v1::SetEdidResponse* response) {
  const grpc::Status found = FindDisplay(request->display());
  return found.ok() ? set_edid(*request, response) : found;
}

grpc::Status FakeOrield::GetOpRegion(grpc::ServerContext*,
                                     const v1::GetOpRegionRequest* request,
                                     v1::GetOpRegionResponse* response) {
  if (!op_region_status.ok()) return op_region_status;
  *response = op_region;
  return FindDisplay(request->display());
}

grpc::Status FakeOrield::FindDisplay(const std::string& name) const {
  const bool found = std::any_of(
      displays.begin(), displays.end(),
      [&name](const v1::Display& display) { return display.name() == name; });
  return found ? grpc::Status::OK : NoSuchDisplay(name);
}

grpc::Status FakeOrield::AttachDisplay(grpc::ServerContext* context,
                                       AttachStream* stream) {
  v1::AttachDisplayRequest request;
  if (!stream->Read(&request) || !request.has_open()) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                        "the first message is no open");
  }
  const grpc::Status found = FindDisplay(request.open().display());
  return found.ok() ? attach(request.open(), stream, context) : found;
}

v1::Display ReadyDisplay(const std::string& name) {
  v1::Display display;
  display.set_name(name);
  display.set_state(v1::DISPLAY_STATE_READY);
  display.set_device("a fake");
  display.set_framebuffer("region 9");
  display.set_width_px(640);
  display.set_height_px(480);
  display.set_fourcc("XR24");
  display.add_encodings(v1::ENCODING_LOSSLESS);
  display.add_encodings(v1::ENCODING_H264);
  return display;
}

v1::StreamFramesResponse OpenedEvent(uint32_t window_bytes,
                                     uint32_t heartbeat_interval_ms) {
  v1::StreamFramesResponse event;
  event.mutable_opened()->set_viewer_id(7);
  event.mutable_opened()->set_encoding(v1::ENCODING_LOSSLESS);
  event.mutable_opened()->set_window_bytes(window_bytes);
  event.mutable_opened()->set_heartbeat_interval_ms(heartbeat_interval_ms);
  event.mutable_opened()->set_encoder("a fake");
  return event;
}

v1::StreamFramesResponse FormatEvent(uint32_t generation, uint32_t width_px,
                                     uint32_t height_px) {
  v1::StreamFramesResponse event;
  v1::StreamFormat& format = *event.mutable_format();
  format.set_generation(generation);
  format.set_width_px(width_px);
  format.set_height_px(height_px);
  format.set_source_fourcc(0x34325258);  // XR24
  format.set_state(width_px == 0 ? v1::DISPLAY_STATE_PLANE_OFF
                                 : v1::DISPLAY_STATE_READY);
  return event;
}

namespace {

v1::StreamFramesResponse UpdateEvent(const v1::StreamFormat& format,
                                     uint64_t sequence,
                                     uint64_t base_sequence) {
  v1::StreamFramesResponse event;
  v1::FrameUpdate& update = *event.mutable_update();
  update.set_generation(format.generation());
  update.set_sequence(sequence);
  update.set_base_sequence(base_sequence);
  update.set_exact(true);
  update.set_capture_time_us(1'000'000 + sequence * 20'000);
  update.mutable_durations()->set_scan_us(1200);
  update.mutable_durations()->set_encode_us(3400);
  v1::Rect& rect = *update.add_patches()->mutable_rect();
  rect.set_width_px(format.width_px());
  rect.set_height_px(format.height_px());
  return event;
}

}  // namespace

v1::StreamFramesResponse FillEvent(const v1::StreamFormat& format,
                                   uint64_t sequence, uint64_t base_sequence,
                                   uint32_t rgb) {
  v1::StreamFramesResponse event = UpdateEvent(format, sequence, base_sequence);
  event.mutable_update()->mutable_patches(0)->mutable_fill()->set_rgb(rgb);
  return event;
}

v1::StreamFramesResponse LosslessEvent(const v1::StreamFormat& format,
                                       uint64_t sequence,
                                       uint64_t base_sequence, uint32_t rgb) {
  std::string pixels;
  for (uint64_t i = 0; i < uint64_t{format.width_px()} * format.height_px();
       ++i) {
    pixels += static_cast<char>(rgb);
    pixels += static_cast<char>(rgb >> 8);
    pixels += static_cast<char>(rgb >> 16);
    pixels += static_cast<char>(0xFF);
  }
  std::string packed(ZSTD_compressBound(pixels.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), pixels.data(),
                              pixels.size(), 1));
  v1::StreamFramesResponse event = UpdateEvent(format, sequence, base_sequence);
  v1::Patch& patch = *event.mutable_update()->mutable_patches(0);
  patch.mutable_lossless();
  patch.set_payload_size_bytes(packed.size());
  event.set_payload(packed);
  return event;
}

grpc::Status WaitForHangUp(FakeOrield::AttachStream* stream) {
  v1::AttachDisplayRequest request;
  while (stream->Read(&request)) {
  }
  return grpc::Status::CANCELLED;
}

}  // namespace oriel::clients
