#include "capture/display/plane_query.h"

#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/status_macros.h"

namespace oriel::capture {
namespace {

// DRM_PLANE_TYPE_* (linux/vfio.h: "type of plane: DRM_PLANE_TYPE_*"), which no
// user-space header has.
constexpr uint32_t kPrimaryPlane = 1;
constexpr uint32_t kCursorPlane = 2;

constexpr int kMaxAttempts = 3;
// A slow answer is a peer's that does not answer at all, not a driver's.
constexpr Duration kQuick = std::chrono::milliseconds(100);

// mbochs fails once with ENOMEM after each change of mode, GVT-g with EINVAL
// and EFAULT around them.
bool CanBeTransient(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsInvalidArgument(status) ||
         absl::IsResourceExhausted(status);
}

absl::StatusOr<vfio_device_gfx_plane_info> QueryPatiently(Device& device,
                                                          PlaneKind kind,
                                                          uint32_t plane_type) {
  const Time begun = Clock::now();
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<vfio_device_gfx_plane_info> info =
        device.QueryPlane(static_cast<uint32_t>(kind), plane_type);
    if (info.ok() || !CanBeTransient(info.status()) ||
        attempt == kMaxAttempts || Clock::now() - begun > kQuick) {
      return info;
    }
  }
}

absl::Status Probe(Device& device, PlaneKind kind) {
  return device
      .QueryPlane(VFIO_GFX_PLANE_TYPE_PROBE | static_cast<uint32_t>(kind),
                  kPrimaryPlane)
      .status();
}

constexpr char kWayOut[] =
    "if its vendor documents a region with a framebuffer, configure it: "
    "framebuffer { region_type: ... region_subtype: ... }";

}  // namespace

absl::StatusOr<PlaneKind> ProbePlaneKind(Device& device,
                                         bool dma_bufs_allowed) {
  const absl::Status region = Probe(device, PlaneKind::kRegion);
  if (region.ok()) return PlaneKind::kRegion;
  if (absl::IsUnavailable(region)) return region;
  if (absl::IsUnimplemented(region)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s has no plane query, so it does not tell where a framebuffer lies; "
        "%s",
        device.description(), kWayOut));
  }
  const absl::Status dmabuf = Probe(device, PlaneKind::kDmaBuf);
  if (absl::IsUnavailable(dmabuf)) return dmabuf;
  if (!dmabuf.ok()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s has a plane query but no primary plane, neither in a region (%s) "
        "nor as a dma-buf; %s",
        device.description(), std::string(region.message()), kWayOut));
  }
  if (dma_bufs_allowed) return PlaneKind::kDmaBuf;
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s hands out its plane as dma-bufs only, and Oriel does not ask for "
      "those while its VMM may have the same ones open, which some drivers "
      "answer with a kernel crash; start the VM with display=off",
      device.description()));
}

absl::StatusOr<std::optional<PlaneLayout>> QueryPrimaryPlane(Device& device,
                                                             PlaneKind kind) {
  ASSIGN_OR_RETURN(const vfio_device_gfx_plane_info info,
                   QueryPatiently(device, kind, kPrimaryPlane));
  return ParsePlaneInfo(info, kind);
}

absl::StatusOr<vfio_device_gfx_plane_info> QueryCursorPlane(Device& device,
                                                            PlaneKind kind) {
  return QueryPatiently(device, kind, kCursorPlane);
}

}  // namespace oriel::capture
