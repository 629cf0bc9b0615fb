#include "capture/sim/edid_region.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/abi/vfio.h"
#include "capture/edid/edid_info.h"

namespace oriel::capture::sim {

EdidRegion::EdidRegion(Size max_size, Connect connect)
    : max_size_(max_size), connect_(std::move(connect)) {}

void EdidRegion::Start(std::span<const uint8_t> blob) {
  blob_bytes_ =
      static_cast<uint32_t>(std::min<size_t>(blob.size(), kMaxBlobBytes));
  std::fill(blob_.begin(), blob_.end(), 0);
  std::copy_n(blob.begin(), blob_bytes_, blob_.begin());
  link_up_ = true;
}

void EdidRegion::Read(uint64_t offset, std::span<uint8_t> out) const {
  const vfio_region_gfx_edid registers = {
      .edid_offset = kBlobOffset,
      .edid_max_size = kMaxBlobBytes,
      .edid_size = blob_bytes_,
      .max_xres = static_cast<uint32_t>(max_size_.width_px),
      .max_yres = static_cast<uint32_t>(max_size_.height_px),
      .link_state =
          link_up_ ? static_cast<uint32_t>(VFIO_DEVICE_GFX_LINK_STATE_UP)
                   : static_cast<uint32_t>(VFIO_DEVICE_GFX_LINK_STATE_DOWN)};
  std::vector<uint8_t> all(kSizeBytes);
  std::memcpy(all.data(), &registers, sizeof(registers));
  std::copy_n(blob_.begin(), blob_bytes_, all.begin() + kBlobOffset);
  std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(offset), out.size(),
              out.begin());
}

absl::Status EdidRegion::Write(uint64_t offset,
                               std::span<const uint8_t> bytes) {
  if (offset >= kBlobOffset) {
    if (link_up_) {
      return absl::InvalidArgumentError(
          "write an EDID: take the link down first");
    }
    const uint64_t start = offset - kBlobOffset;
    if (start > blob_bytes_ || bytes.size() > blob_bytes_ - start) {
      return absl::InvalidArgumentError(
          absl::StrFormat("write %d bytes of EDID at %d: edid_size is %d",
                          bytes.size(), start, blob_bytes_));
    }
    std::copy(bytes.begin(), bytes.end(),
              blob_.begin() + static_cast<std::ptrdiff_t>(start));
    return absl::OkStatus();
  }
  uint32_t value = 0;
  if (bytes.size() != sizeof(value) || offset % sizeof(value) != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "write %d bytes at %d of the EDID region: registers are aligned words",
        bytes.size(), offset));
  }
  std::memcpy(&value, bytes.data(), sizeof(value));
  return WriteRegister(offset, value);
}

absl::Status EdidRegion::WriteRegister(uint64_t offset, uint32_t value) {
  switch (offset) {
    case offsetof(vfio_region_gfx_edid, edid_size):
      if (link_up_ || value > kMaxBlobBytes) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "set edid_size to %u: at most %u, with the link down", value,
            kMaxBlobBytes));
      }
      blob_bytes_ = value;
      return absl::OkStatus();
    case offsetof(vfio_region_gfx_edid, link_state):
      return SetLink(value);
    default:
      return absl::PermissionDeniedError(absl::StrFormat(
          "write byte %d of the EDID region: read-only", offset));
  }
}

absl::Status EdidRegion::SetLink(uint32_t state) {
  if (state == VFIO_DEVICE_GFX_LINK_STATE_DOWN) {
    link_up_ = false;
    return absl::OkStatus();
  }
  if (state != VFIO_DEVICE_GFX_LINK_STATE_UP) {
    return absl::InvalidArgumentError(
        absl::StrFormat("set link_state to %u: 1 is up, 2 is down", state));
  }
  if (link_up_) return absl::OkStatus();
  ASSIGN_OR_RETURN(const edid::Mode mode,
                   ModeToShow(std::span(blob_).first(blob_bytes_), max_size_));
  RETURN_IF_ERROR(connect_(mode));
  link_up_ = true;
  return absl::OkStatus();
}

absl::StatusOr<edid::Mode> ModeToShow(std::span<const uint8_t> edid,
                                      Size max_size) {
  RETURN_IF_ERROR(edid::CheckBaseBlock(edid));
  ASSIGN_OR_RETURN(const edid::EdidInfo info, edid::ParseEdid(edid));
  std::vector<edid::Mode> modes;
  if (info.preferred) modes.push_back(info.preferred->mode());
  for (const edid::Timing& timing : info.timings) {
    modes.push_back(timing.mode());
  }
  modes.insert(modes.end(), info.bare_modes.begin(), info.bare_modes.end());
  if (modes.empty()) return edid::Mode{.width_px = 640, .height_px = 480};
  for (const edid::Mode& mode : modes) {
    if (mode.width_px <= max_size.width_px &&
        mode.height_px <= max_size.height_px) {
      return mode;
    }
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "plug in an EDID: each of its %d modes, such as %dx%d, is larger than "
      "the "
      "%dx%d that this device can show",
      modes.size(), modes.front().width_px, modes.front().height_px,
      max_size.width_px, max_size.height_px));
}

}  // namespace oriel::capture::sim
