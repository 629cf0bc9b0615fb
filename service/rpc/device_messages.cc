#include "service/rpc/device_messages.h"

#include <linux/vfio.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "base/picture/pixel_format.h"

namespace oriel::rpc {
namespace {

constexpr uint32_t kDefaultRefreshMillihz = 60'000;
// 1 Hz to 1 kHz; what an EDID can say of a mode is CVT's to check.
constexpr uint32_t kMinRefreshMillihz = 1'000;
constexpr uint32_t kMaxRefreshMillihz = 1'000'000;
constexpr uint32_t kMaxSidePx = 65535;
constexpr size_t kMaxMonitorNameBytes = 13;

v1::DeviceRegion ToProto(const capture::Region& region, uint32_t device_flags) {
  v1::DeviceRegion out;
  out.set_index(region.address.index);
  out.set_size_bytes(region.size_bytes);
  out.set_readable((region.flags & VFIO_REGION_INFO_FLAG_READ) != 0);
  out.set_writable((region.flags & VFIO_REGION_INFO_FLAG_WRITE) != 0);
  for (const capture::MappableArea& area : region.mappable_areas) {
    v1::MappableArea* const to = out.add_mappable_areas();
    to->set_offset_bytes(area.offset);
    to->set_size_bytes(area.size_bytes);
  }
  if (region.type.has_value()) {
    out.set_type(region.type->type);
    out.set_subtype(region.type->subtype);
  }
  out.set_name(capture::RegionName(region, device_flags));
  for (const uint16_t id : region.capability_ids) out.add_capabilities(id);
  return out;
}

v1::DevicePlane ToProto(const capture::PlaneReport& plane) {
  v1::DevicePlane out;
  out.set_kind(plane.kind);
  out.set_problem(plane.problem);
  out.set_x_px(plane.at.x_px);
  out.set_y_px(plane.at.y_px);
  if (!plane.layout.has_value()) return out;
  const capture::PlaneLayout& layout = *plane.layout;
  out.set_place(layout.dma_buf_id.has_value()
                    ? "dma-buf"
                    : absl::StrFormat("region %d", layout.region_index));
  out.set_width_px(static_cast<uint32_t>(layout.size.width_px));
  out.set_height_px(static_cast<uint32_t>(layout.size.height_px));
  out.set_stride_bytes(layout.stride_bytes);
  out.set_fourcc(FourccName(layout.format.fourcc));
  out.set_modifier(layout.format.modifier);
  return out;
}

absl::Status CheckMode(const v1::MonitorMode& mode) {
  if (mode.width_px() == 0 || mode.width_px() > kMaxSidePx ||
      mode.height_px() == 0 || mode.height_px() > kMaxSidePx) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a monitor with the mode %dx%d: each side is 1 to %d px",
        mode.width_px(), mode.height_px(), kMaxSidePx));
  }
  const uint32_t refresh = mode.refresh_millihz();
  if (refresh != 0 &&
      (refresh < kMinRefreshMillihz || refresh > kMaxRefreshMillihz)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a monitor with a refresh rate of %d mHz: it is %d to %d, or 0 for %d",
        refresh, kMinRefreshMillihz, kMaxRefreshMillihz,
        kDefaultRefreshMillihz));
  }
  return absl::OkStatus();
}

}  // namespace

v1::GetDeviceResponse ToProto(const capture::DeviceReport& report) {
  v1::GetDeviceResponse out;
  out.set_description(report.description);
  out.set_flags(report.info.flags);
  for (const capture::Region& region : report.regions)
    *out.add_regions() = ToProto(region, report.info.flags);
  for (const capture::PlaneReport& plane : report.planes)
    *out.add_planes() = ToProto(plane);
  if (report.edid.has_value())
    *out.mutable_edid() = ToProto(*report.edid, report.edid_writable);
  out.set_has_op_region(report.has_op_region);
  for (const std::string& problem : report.problems) out.add_problems(problem);
  return out;
}

v1::EdidLimits ToProto(const capture::EdidRegion& region,
                       const absl::Status& writable) {
  v1::EdidLimits out;
  out.set_max_size_bytes(region.limits.max_size_bytes);
  out.set_max_width_px(static_cast<uint32_t>(region.limits.max_width_px));
  out.set_max_height_px(static_cast<uint32_t>(region.limits.max_height_px));
  out.set_writable(writable.ok());
  out.set_write_refusal(std::string(writable.message()));
  return out;
}

v1::MonitorLink ToProto(capture::MonitorLink link) {
  switch (link) {
    case capture::MonitorLink::kUnknown:
      return v1::MONITOR_LINK_UNKNOWN;
    case capture::MonitorLink::kUp:
      return v1::MONITOR_LINK_UP;
    case capture::MonitorLink::kDown:
      return v1::MONITOR_LINK_DOWN;
  }
  return v1::MONITOR_LINK_UNSPECIFIED;
}

absl::Status CheckSetEdid(const v1::SetEdidRequest& request) {
  if (request.has_mode()) return CheckMode(request.mode());
  if (!request.has_edid()) {
    return absl::InvalidArgumentError(
        "the request has neither an EDID nor a mode for one");
  }
  // What it says is checked with the device's limits.
  if (request.edid().size() <= capture::edid::kMaxEdidBytes)
    return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("an EDID has at most %d bytes, and this one has %d",
                      capture::edid::kMaxEdidBytes, request.edid().size()));
}

absl::StatusOr<capture::edid::Monitor> MonitorOf(
    const v1::SetEdidRequest& request) {
  const std::string& name = request.monitor_name();
  const bool printable = std::all_of(
      name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!printable || name.size() > kMaxMonitorNameBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "a monitor's name has at most %d printable ASCII characters",
        kMaxMonitorNameBytes));
  }
  capture::edid::Monitor monitor;
  monitor.preferred.width_px = static_cast<int32_t>(request.mode().width_px());
  monitor.preferred.height_px =
      static_cast<int32_t>(request.mode().height_px());
  monitor.preferred.refresh_mhz = request.mode().refresh_millihz() == 0
                                      ? kDefaultRefreshMillihz
                                      : request.mode().refresh_millihz();
  if (!name.empty()) monitor.name = name;
  return monitor;
}

}  // namespace oriel::rpc
