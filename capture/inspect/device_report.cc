#include "capture/inspect/device_report.h"

#include <linux/vfio.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/abi/vfio.h"
#include "capture/display/cursor_info.h"
#include "capture/display/plane_query.h"

namespace oriel::capture {
namespace {

constexpr char kOff[] =
    "the device scans out nothing: often the guest's driver has not started";

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

bool HasType(const DeviceReport& report, const RegionType& type) {
  return std::any_of(report.regions.begin(), report.regions.end(),
                     [&](const Region& region) { return region.type == type; });
}

// mdpy's framebuffer is region 16 of 9.
absl::Status AddRegionOfPlane(Device& device, uint32_t index,
                              DeviceReport& report) {
  const bool known = std::any_of(
      report.regions.begin(), report.regions.end(),
      [&](const Region& region) { return region.address.index == index; });
  if (known) return absl::OkStatus();
  absl::StatusOr<Region> region = QueryRegion(device, index);
  if (absl::IsUnavailable(region.status())) return region.status();
  if (region.ok()) {
    report.regions.push_back(*std::move(region));
  } else {
    report.problems.push_back(absl::StrFormat(
        "the plane query names region %d: %s", index, Text(region.status())));
  }
  return absl::OkStatus();
}

absl::Status AddCursor(Device& device, PlaneKind kind,
                       const PlaneLayout& primary, DeviceReport& report) {
  const absl::StatusOr<vfio_device_gfx_plane_info> info =
      QueryCursorPlane(device, kind);
  if (absl::IsUnavailable(info.status())) return info.status();
  if (!info.ok()) return absl::OkStatus();
  CursorInfo cursor = ParseCursorInfo(*info, kind, primary);
  if (!cursor.is_pointer) return absl::OkStatus();
  PlaneReport plane = {.kind = "cursor"};
  plane.at = cursor.at;
  plane.layout = std::move(cursor.shape);
  if (!cursor.visible) {
    plane.layout.reset();
    plane.problem = "the pointer is nowhere";
  } else if (!plane.layout.has_value()) {
    plane.problem = "its shape cannot be read";
  }
  report.planes.push_back(std::move(plane));
  return absl::OkStatus();
}

absl::Status AddPlanes(Device& device, DeviceReport& report) {
  // Only asked, never opened: that dma-bufs are shared with a VMM is no matter.
  const absl::StatusOr<PlaneKind> kind =
      ProbePlaneKind(device, /*dma_bufs_allowed=*/true);
  if (absl::IsUnavailable(kind.status())) return kind.status();
  PlaneReport plane = {.kind = "primary"};
  if (!kind.ok()) {
    plane.problem = Text(kind.status());
    report.planes.push_back(std::move(plane));
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<PlaneLayout>> layout =
      QueryPrimaryPlane(device, *kind);
  if (absl::IsUnavailable(layout.status())) return layout.status();
  if (layout.ok()) {
    plane.layout = *std::move(layout);
    if (!plane.layout.has_value()) plane.problem = kOff;
  } else {
    plane.problem = Text(layout.status());
  }
  const std::optional<PlaneLayout> primary = plane.layout;
  report.planes.push_back(std::move(plane));
  if (!primary.has_value()) return absl::OkStatus();
  if (*kind == PlaneKind::kRegion) {
    RETURN_IF_ERROR(AddRegionOfPlane(device, primary->region_index, report));
  }
  return AddCursor(device, *kind, *primary, report);
}

absl::Status AddEdid(Device& device, DeviceReport& report) {
  if (!HasType(report, {VFIO_REGION_TYPE_GFX, VFIO_REGION_SUBTYPE_GFX_EDID}))
    return absl::OkStatus();
  absl::StatusOr<EdidRegion> region = FindEdidRegion(device);
  if (absl::IsUnavailable(region.status())) return region.status();
  if (!region.ok()) {
    report.problems.push_back(Text(region.status()));
    return absl::OkStatus();
  }
  report.edid_writable = CheckEdidWritable(device, *region);
  report.edid = *std::move(region);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DeviceReport> InspectDevice(Device& device) {
  DeviceReport report;
  report.description = device.description();
  ASSIGN_OR_RETURN(report.info, device.GetInfo());
  ASSIGN_OR_RETURN(report.regions, ListRegions(device, &report.problems));
  RETURN_IF_ERROR(AddPlanes(device, report));
  RETURN_IF_ERROR(AddEdid(device, report));
  report.has_op_region = HasType(
      report, {abi::kIntelRegionType, VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION});
  return report;
}

}  // namespace oriel::capture
