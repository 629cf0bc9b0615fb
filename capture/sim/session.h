#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/abi/vfio_user.h"
#include "capture/sim/virtual_device.h"

namespace oriel::capture::sim {

// One client's side of the vfio-user conversation, message by message, without
// a socket: what it negotiated, and the answers. At most one megabyte and a
// little is allocated for an answer. Thread-compatible.
class Session {
 public:
  // What goes back behind the header.
  struct Reply {
    int error_number = 0;  // an errno; the payload is empty then
    std::vector<uint8_t> payload;
    int fd = -1;  // to send along; the device's
  };

  // `device` outlives the session.
  explicit Session(VirtualDevice& device) : device_(device) {}

  // Checks what can be known from the header: type, flags, size.
  // kInvalidArgument: drop the client.
  static absl::Status CheckHeader(const abi::vfio_user::Header& header);

  // The answer to one whole message whose header passed CheckHeader.
  // kInvalidArgument: it breaks the protocol; drop the client.
  absl::StatusOr<Reply> Handle(const abi::vfio_user::Header& header,
                               std::span<const uint8_t> payload);

 private:
  using Payload = std::span<const uint8_t>;

  absl::StatusOr<Reply> Negotiate(Payload payload);
  Reply GetInfo(Payload payload) const;
  Reply GetRegionInfo(Payload payload) const;
  Reply GetIrqInfo(Payload payload) const;
  Reply ReadRegion(Payload payload) const;
  Reply WriteRegion(Payload payload);
  Reply Reset(Payload payload);
  Reply QueryPlane(Payload payload) const;

  VirtualDevice& device_;
  bool negotiated_ = false;
  bool plane_query_ = false;
  bool takes_fds_ = true;
};

}  // namespace oriel::capture::sim
