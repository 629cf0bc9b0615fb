#pragma once

#include <linux/vfio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/abi/vfio_user.h"
#include "capture/device/device.h"

// What a vfio-user peer's bytes mean, apart from the socket they came from.
// Every error is kInvalidArgument: the peer breaks the protocol.
namespace oriel::capture::vfio_user {

using abi::vfio_user::Header;
using abi::vfio_user::RegionAccess;

// What both sides agreed on.
struct PeerLimits {
  uint16_t minor_version = 0;
  // Of one REGION_READ or REGION_WRITE; 1 to kDefaultMaxDataTransferBytes.
  uint32_t max_data_bytes = abi::vfio_user::kDefaultMaxDataTransferBytes;
  bool has_plane_query = false;
};

inline bool IsReply(const Header& header) {
  return (header.flags & abi::vfio_user::kTypeMask) ==
         abi::vfio_user::kTypeReply;
}

// Checks that the sizes are possible and the type known. A reply may carry
// `max_reply_payload` bytes behind its header, a command kMaxMessageBytes less
// the header.
absl::StatusOr<Header> ParseHeader(std::span<const uint8_t> bytes,
                                   size_t max_reply_payload);

// The payload of the request, and of the reply.
std::vector<uint8_t> VersionRequest();
absl::StatusOr<PeerLimits> ParseVersionReply(std::span<const uint8_t> payload);

absl::StatusOr<DeviceInfo> ParseDeviceInfoReply(
    std::span<const uint8_t> payload);

// Copies the reply into `out`, the rest of which becomes zero. out.size() is
// the argsz that was asked with, at least 32; a reply that needs no more must
// be whole.
absl::StatusOr<vfio_region_info> ParseRegionInfoReply(
    std::span<const uint8_t> payload, uint32_t index, std::span<uint8_t> out);

// The number of bytes copied to the front of `out`, which is asked.count long.
absl::StatusOr<size_t> ParseReadReply(std::span<const uint8_t> payload,
                                      const RegionAccess& asked,
                                      std::span<uint8_t> out);

// The whole of `asked` must have been written.
absl::Status ParseWriteReply(std::span<const uint8_t> payload,
                             const RegionAccess& asked);

absl::StatusOr<vfio_device_gfx_plane_info> ParsePlaneReply(
    std::span<const uint8_t> payload);

// `value` as it lies in memory.
template <typename T>
std::vector<uint8_t> BytesOf(const T& value) {
  // SAFETY: any object may be looked at as bytes; they are copied at once.
  const auto* first = reinterpret_cast<const uint8_t*>(&value);
  return {first, first + sizeof(T)};
}

}  // namespace oriel::capture::vfio_user
