#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "capture/device/device.h"
#include "capture/edid/edid.h"

namespace oriel::capture {

// What a device takes for an EDID.
struct EdidLimits {
  uint32_t max_size_bytes = 0;  // 128 to 32768
  // Of the preferred mode; 0: no limit.
  int32_t max_width_px = 0;
  int32_t max_height_px = 0;
};

// Where a device's EDID lies (VFIO_REGION_SUBTYPE_GFX_EDID): registers from
// byte 0, the blob at `blob_offset`, which can be behind the region's end.
struct EdidRegion {
  RegionAddress address;
  bool writable = false;
  uint32_t blob_offset = 0;
  EdidLimits limits;
};

// kUnknown: nobody has set it since the device was made.
enum class MonitorLink { kUnknown, kUp, kDown };

struct EdidState {
  MonitorLink link = MonitorLink::kUnknown;
  // As the device holds it, unchecked (edid::ParseEdid reads it), cut off at
  // max_size_bytes; empty when there is none.
  std::vector<uint8_t> blob;
};

// How WriteEdid waits.
using SleepFunction = std::function<void(Duration)>;

// All of these talk to the device and block as its calls do. kUnavailable
// passes through.

// kFailedPrecondition: the device has no EDID region, or one whose registers
// make no sense.
absl::StatusOr<EdidRegion> FindEdidRegion(Device& device);

absl::StatusOr<EdidState> ReadEdid(Device& device, const EdidRegion& region);

// Whether WriteEdid may write at all. kFailedPrecondition: the region is
// read-only, or the device is one that another process drives and that may not
// be written to (Device::AsEdidWriter). Does not talk to the device.
absl::Status CheckEdidWritable(Device& device, const EdidRegion& region);

// Plugs a monitor with this EDID in as linux/vfio.h says: link down, size,
// blob, 100 ms for the guest to notice, link up. What the device refuses half
// way is undone, and the error says what is plugged in now. kInvalidArgument:
// CheckEdidFits's, with nothing written, or the driver's; kFailedPrecondition:
// CheckEdidWritable's.
absl::Status WriteEdid(Device& device, const EdidRegion& region,
                       std::span<const uint8_t> blob,
                       const SleepFunction& sleep);

// Pure.

// Whether `blob` is whole (edid::CheckEdid), small enough, and its preferred
// mode within the limits. kInvalidArgument tells the limit.
absl::Status CheckEdidFits(const EdidLimits& limits,
                           std::span<const uint8_t> blob);

// An EDID for `monitor`. kInvalidArgument: CheckEdidFits's, which for a mode
// that no detailed timing can say needs room for two blocks, and
// edid::BuildEdid's.
absl::StatusOr<std::vector<uint8_t>> EdidFor(const EdidLimits& limits,
                                             const edid::Monitor& monitor);

// The mode with each side cut to what the device and an EDID of the size that
// it takes can have.
edid::Mode ClampMode(const EdidLimits& limits, edid::Mode mode);

}  // namespace oriel::capture
