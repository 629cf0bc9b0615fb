#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "capture/device/device.h"
#include "capture/device/vfio_user_messages.h"
#include "capture/device/vfio_user_socket.h"

namespace oriel::capture {

// The client of a vfio-user server, which is not trusted: a call has `timeout`
// for all its messages. After a timeout or a message that cannot be understood
// the connection is given up: the socket polls as hung up and every later call
// is kUnavailable with the reason. Thread-compatible, as Device.
class VfioUserDevice : public OwnedDevice {
 public:
  // Agrees on version and capabilities.
  static absl::StatusOr<std::unique_ptr<VfioUserDevice>> Open(
      vfio_user::Socket socket, Duration timeout);

  std::string description() const override;
  absl::StatusOr<DeviceInfo> GetInfo() override;
  absl::Status GetRegionInfo(uint32_t index, std::span<uint8_t> reply) override;
  absl::StatusOr<size_t> Read(const RegionAddress& region, uint64_t offset,
                              std::span<uint8_t> out) override;
  absl::StatusOr<Mapping> Map(const RegionAddress& region, uint64_t offset,
                              size_t size_bytes) override;
  absl::StatusOr<vfio_device_gfx_plane_info> QueryPlane(
      uint32_t flags, uint32_t drm_plane_type) override;
  int hangup_fd() const override { return socket_.fd(); }
  absl::Status Write(const RegionAddress& region, uint64_t offset,
                     std::span<const uint8_t> bytes) override;
  absl::Status Reset() override;

 private:
  // From the last GetRegionInfo about it.
  struct KnownRegion {
    uint64_t size_bytes = 0;
    UniqueFd fd;  // what to map; empty when none came
  };

  VfioUserDevice(vfio_user::Socket socket, Duration timeout);

  // Sends a command and waits for its reply, refusing the peer's own commands
  // meanwhile. Error replies become their errno's status.
  absl::StatusOr<vfio_user::Message> Call(abi::vfio_user::Command command,
                                          std::span<const uint8_t> payload,
                                          size_t max_reply_payload,
                                          Time deadline);
  absl::StatusOr<vfio_user::Message> AwaitReply(uint16_t id,
                                                abi::vfio_user::Command command,
                                                size_t max_reply_payload,
                                                Time deadline);
  absl::Status RefuseCommand(const abi::vfio_user::Header& header,
                             Time deadline);
  // Gives the connection up; returns `reason`.
  absl::Status GiveUp(const absl::Status& reason);
  std::string Doing(abi::vfio_user::Command command) const;
  Time Deadline() const { return Clock::now() + timeout_; }

  vfio_user::Socket socket_;
  const Duration timeout_;
  vfio_user::PeerLimits limits_;
  absl::Status given_up_;
  uint16_t next_id_ = 1;
  std::map<uint32_t, KnownRegion> regions_;
};

}  // namespace oriel::capture
