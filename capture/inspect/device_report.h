#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/device/device.h"
#include "capture/display/edid_region.h"
#include "capture/display/plane_info.h"
#include "capture/region/region_info.h"

namespace oriel::capture {

// One kind of plane, as the device tells it now.
struct PlaneReport {
  std::string kind;                   // "primary", "cursor"
  std::optional<PlaneLayout> layout;  // empty: off, or not understood
  Point at;                           // a cursor's
  std::string problem;                // why there is no layout
};

// What one open device offers.
struct DeviceReport {
  std::string description;
  DeviceInfo info;
  // Those below the device's count that it has, and the plane's, which can lie
  // beyond.
  std::vector<Region> regions;
  std::vector<PlaneReport> planes;
  std::optional<EdidRegion> edid;
  absl::Status edid_writable;  // kFailedPrecondition: why WriteEdid refuses
  bool has_op_region = false;
  std::vector<std::string> problems;
};

// Asks the device; nothing of it is mapped or written, and no dma-buf is asked
// for. What cannot be understood is one of the problems. Blocks as its calls
// do. Errors: the device does not answer.
absl::StatusOr<DeviceReport> InspectDevice(Device& device);

// "BAR 0", "config space", "EDID", "IGD OpRegion": what linux/vfio.h calls the
// region; empty when it does not. `device_flags`: DeviceInfo::flags.
std::string RegionName(const Region& region, uint32_t device_flags);

}  // namespace oriel::capture
