#include "capture/display/plane_query.h"

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status_macros.h"

namespace oriel::capture {
namespace {

// DRM_PLANE_TYPE_PRIMARY (linux/vfio.h: "type of plane: DRM_PLANE_TYPE_*"),
// which no user-space header has.
constexpr uint32_t kPrimaryPlane = 1;

constexpr int kMaxAttempts = 3;
// A slow answer is a peer's that does not answer at all, not a driver's.
constexpr Duration kQuick = std::chrono::milliseconds(100);

// mbochs fails once with ENOMEM after each change of mode, GVT-g with EINVAL
// and EFAULT around them.
bool CanBeTransient(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsInvalidArgument(status) ||
         absl::IsResourceExhausted(status);
}

absl::StatusOr<vfio_device_gfx_plane_info> QueryPatiently(Device& device) {
  const Time begun = Clock::now();
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<vfio_device_gfx_plane_info> info =
        device.QueryPlane(VFIO_GFX_PLANE_TYPE_REGION, kPrimaryPlane);
    if (info.ok() || !CanBeTransient(info.status()) ||
        attempt == kMaxAttempts || Clock::now() - begun > kQuick) {
      return info;
    }
  }
}

absl::Status Probe(Device& device, uint32_t type) {
  return device.QueryPlane(VFIO_GFX_PLANE_TYPE_PROBE | type, kPrimaryPlane)
      .status();
}

}  // namespace

absl::Status ProbeRegionPlane(Device& device) {
  const absl::Status region = Probe(device, VFIO_GFX_PLANE_TYPE_REGION);
  if (region.ok() || absl::IsUnavailable(region)) return region;
  constexpr char kWayOut[] =
      "if its vendor documents a region with a framebuffer, configure it: "
      "framebuffer { region_type: ... region_subtype: ... }";
  if (absl::IsUnimplemented(region)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s has no plane query, so it does not tell where a framebuffer lies; "
        "%s",
        device.description(), kWayOut));
  }
  const absl::Status dmabuf = Probe(device, VFIO_GFX_PLANE_TYPE_DMABUF);
  if (absl::IsUnavailable(dmabuf)) return dmabuf;
  if (dmabuf.ok()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s hands out its plane as dma-bufs only, and this version of Oriel "
        "cannot read dma-buf planes; %s",
        device.description(), kWayOut));
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s has a plane query but no primary plane, neither in a region (%s) nor "
      "as a dma-buf; %s",
      device.description(), std::string(region.message()), kWayOut));
}

absl::StatusOr<std::optional<PlaneLayout>> QueryRegionPlane(Device& device) {
  ASSIGN_OR_RETURN(const vfio_device_gfx_plane_info info,
                   QueryPatiently(device));
  return ParsePlaneInfo(info);
}

}  // namespace oriel::capture
