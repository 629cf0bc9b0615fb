#pragma once

// vfio-user messages as QEMU (docs/interop/vfio-user.rst) and libvfio-user
// speak them: AF_UNIX stream, native byte order. Layouts only; no behaviour.

#include <cstddef>
#include <cstdint>

namespace oriel::capture::abi::vfio_user {

enum class Command : uint16_t {
  kVersion = 1,
  kDmaMap = 2,
  kDmaUnmap = 3,
  kDeviceGetInfo = 4,
  kDeviceGetRegionInfo = 5,
  kDeviceGetRegionIoFds = 6,
  kDeviceGetIrqInfo = 7,
  kDeviceSetIrqs = 8,
  kRegionRead = 9,
  kRegionWrite = 10,
  kDmaRead = 11,
  kDmaWrite = 12,
  kDeviceReset = 13,
  // Oriel's extension, only when both sides named kPlaneQueryCapability in
  // VERSION: request and reply carry struct vfio_device_gfx_plane_info, with
  // the meaning of VFIO_DEVICE_QUERY_GFX_PLANE.
  kOrielQueryGfxPlane = 0xF001,
};

// Key in the "capabilities" object of VERSION's JSON; its value is true.
inline constexpr char kPlaneQueryCapability[] = "oriel_query_gfx_plane";

inline constexpr uint16_t kMajorVersion = 0;
inline constexpr uint16_t kMinorVersion = 1;

// Header::flags
inline constexpr uint32_t kTypeMask = 0xF;
inline constexpr uint32_t kTypeCommand = 0;
inline constexpr uint32_t kTypeReply = 1;
inline constexpr uint32_t kFlagNoReply = 0x10;
inline constexpr uint32_t kFlagError = 0x20;

struct Header {
  uint16_t message_id;
  uint16_t command;
  uint32_t message_size;  // with this header
  uint32_t flags;
  uint32_t error_number;  // errno when kFlagError is set; may be 0
};
static_assert(sizeof(Header) == 16);

// Followed by NUL-terminated JSON, which may be absent.
struct Version {
  uint16_t major;
  uint16_t minor;
};
static_assert(sizeof(Version) == 4);

struct DeviceInfo {
  uint32_t argsz;
  uint32_t flags;
  uint32_t num_regions;
  uint32_t num_irqs;
};
static_assert(sizeof(DeviceInfo) == 16);

// REGION_READ and REGION_WRITE, both ways; data follows where there is any.
struct RegionAccess {
  uint64_t offset;
  uint32_t region;
  uint32_t count;
};
static_assert(sizeof(RegionAccess) == 16);

inline constexpr uint32_t kDefaultMaxDataTransferBytes = 1024 * 1024;
// The largest transfer and what goes around it (libvfio-user's limit).
inline constexpr uint32_t kMaxMessageBytes =
    kDefaultMaxDataTransferBytes + sizeof(Header) + sizeof(RegionAccess);

}  // namespace oriel::capture::abi::vfio_user
