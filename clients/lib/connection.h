#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/lib/server_address.h"
#include "grpcpp/grpcpp.h"
#include "oriel/v1/device.grpc.pb.h"
#include "oriel/v1/display.grpc.pb.h"
#include "oriel/v1/streaming.grpc.pb.h"

namespace oriel::clients {

// A channel to one orield, and its unary calls. Errors are made for people:
// kUnavailable "cannot reach orield at ..." with the way out; the server's own
// texts otherwise. Thread-safe.
class Connection {
 public:
  // Connects at once. kInvalidArgument: not an address; kUnavailable.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(
      const std::string& server,
      std::chrono::milliseconds timeout = std::chrono::seconds(5));

  const ServerAddress& address() const { return address_; }
  v1::DisplayService::Stub& display_service() const { return *displays_; }
  v1::DeviceService::Stub& device_service() const { return *devices_; }
  v1::StreamService::Stub& stream_service() const { return *streams_; }

  // All pages, by name.
  absl::StatusOr<std::vector<v1::Display>> ListDisplays() const;
  // kNotFound.
  absl::StatusOr<v1::Display> GetDisplay(const std::string& name) const;
  absl::StatusOr<v1::TakeSnapshotResponse> TakeSnapshot(
      const v1::TakeSnapshotRequest& request) const;

  // An orield from before them answers these with kUnimplemented.
  absl::StatusOr<v1::ListDevicesResponse> ListDevices() const;
  absl::StatusOr<v1::GetDeviceResponse> GetDevice(
      const std::string& display) const;
  absl::StatusOr<v1::GetEdidResponse> GetEdid(const std::string& display) const;
  absl::StatusOr<v1::SetEdidResponse> SetEdid(
      const v1::SetEdidRequest& request) const;
  absl::StatusOr<v1::GetOpRegionResponse> GetOpRegion(
      const std::string& display) const;

  // `name`, or, when it is empty, the name of the only display there is.
  // kNotFound: there is none; kInvalidArgument: there are several.
  absl::StatusOr<std::string> ResolveDisplay(const std::string& name) const;

  // For people: that there is no display, and the ways to one.
  std::string NoDisplayText() const;

  // OK stays OK; a broken transport becomes kUnavailable that names the
  // server; a missed deadline becomes kUnavailable, too.
  absl::Status Explain(const grpc::Status& status) const;

 private:
  Connection(ServerAddress address, std::shared_ptr<grpc::Channel> channel);

  const ServerAddress address_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::DisplayService::Stub> displays_;
  const std::unique_ptr<v1::DeviceService::Stub> devices_;
  const std::unique_ptr<v1::StreamService::Stub> streams_;
};

}  // namespace oriel::clients
