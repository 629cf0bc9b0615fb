#include "capture/sim/virtual_device.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/abi/vfio.h"
#include "capture/igd/op_region.h"

namespace oriel::capture::sim {
namespace {

// PCI 3.0, section 6.1: a type 0 header without base addresses.
std::array<uint8_t, 256> ConfigSpace() {
  std::array<uint8_t, 256> space{};
  const auto put16 = [&](size_t offset, uint16_t value) {
    space[offset] = static_cast<uint8_t>(value);
    space[offset + 1] = static_cast<uint8_t>(value >> 8);
  };
  put16(0x00, kPciVendor);
  put16(0x02, kPciDevice);
  put16(0x04, 0x0002);  // command: memory space on
  space[0x08] = 1;      // revision
  space[0x0B] = 0x03;   // class: display, VGA compatible
  put16(0x2C, kPciVendor);
  put16(0x2E, kPciDevice);
  return space;
}

// A laptop's outputs (intel_vbt_defs.h): panel on port A, HDMI on B,
// DisplayPort on C.
const std::vector<igd::ChildDevice> kOutputs = {
    {.handle = 0x0008,
     .device_type = 0x1806,
     .dvo_port = 10,
     .aux_channel = 0x40},
    {.handle = 0x0004, .device_type = 0x60D2, .dvo_port = 1, .ddc_pin = 2},
    {.handle = 0x0040,
     .device_type = 0x60D6,
     .dvo_port = 8,
     .ddc_pin = 1,
     .aux_channel = 0x20}};

constexpr uint32_t kReadFlag = VFIO_REGION_INFO_FLAG_READ;

}  // namespace

VirtualDevice::VirtualDevice(std::unique_ptr<Framebuffer> framebuffer,
                             VirtualDeviceOptions options)
    : framebuffer_(std::move(framebuffer)),
      options_(std::move(options)),
      first_size_(framebuffer_->plane().size),
      config_space_(ConfigSpace()),
      op_region_(igd::BuildOpRegion(kOutputs)),
      edid_(framebuffer_->max_size(), [this](const edid::Mode& mode) {
        return framebuffer_->SetMode({mode.width_px, mode.height_px});
      }) {
  PlugFirstMonitor();
}

void VirtualDevice::PlugFirstMonitor() {
  // A picture can be too large for any EDID; then its monitor has none.
  const auto blob = edid::BuildEdid(
      {.preferred = {first_size_.width_px, first_size_.height_px},
       .name = "Oriel sim"});
  edid_.Start(blob.ok() ? std::span<const uint8_t>(*blob)
                        : std::span<const uint8_t>());
}

absl::StatusOr<RegionDescription> VirtualDevice::DescribeRegion(
    uint32_t index) const {
  switch (index) {
    case VFIO_PCI_CONFIG_REGION_INDEX:
      return RegionDescription{.size_bytes = config_space_.size(),
                               .flags = kReadFlag};
    case kFramebufferRegion:
      return RegionDescription{
          .size_bytes = framebuffer_->region_size_bytes(),
          .flags = kReadFlag | VFIO_REGION_INFO_FLAG_MMAP,
          .type = RegionDescription::Type{kFramebufferRegionType,
                                          kFramebufferRegionSubtype},
          .fd = framebuffer_->fd()};
    case kEdidRegion:
      return RegionDescription{
          .size_bytes = EdidRegion::kSizeBytes,
          .flags = kReadFlag | VFIO_REGION_INFO_FLAG_WRITE,
          .type = RegionDescription::Type{VFIO_REGION_TYPE_GFX,
                                          VFIO_REGION_SUBTYPE_GFX_EDID}};
    case kOpRegionRegion:
      return RegionDescription{
          .size_bytes = op_region_.size(),
          .flags = kReadFlag,
          .type = RegionDescription::Type{
              abi::kIntelRegionType, VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION}};
    case kPointerRegion:
      if (options_.pointer == nullptr) break;
      return RegionDescription{
          .size_bytes = PointerPlane::kRegionBytes,
          .flags = kReadFlag | VFIO_REGION_INFO_FLAG_MMAP,
          .type = RegionDescription::Type{kFramebufferRegionType,
                                          kPointerRegionSubtype},
          .fd = options_.pointer->fd()};
    default:
      break;
  }
  if (index < VFIO_PCI_NUM_REGIONS) return RegionDescription{};
  return absl::InvalidArgumentError(
      absl::StrFormat("region %u: there are %u", index, region_count()));
}

absl::Status VirtualDevice::ReadRegion(uint32_t index, uint64_t offset,
                                       std::span<uint8_t> out) const {
  ASSIGN_OR_RETURN(const RegionDescription region, DescribeRegion(index));
  if (offset > region.size_bytes || out.size() > region.size_bytes - offset) {
    return absl::InvalidArgumentError(
        absl::StrFormat("read %d bytes at %d of region %u: it has %d",
                        out.size(), offset, index, region.size_bytes));
  }
  if (out.empty()) return absl::OkStatus();
  const auto start = static_cast<std::ptrdiff_t>(offset);
  switch (index) {
    case VFIO_PCI_CONFIG_REGION_INDEX:
      std::copy_n(config_space_.begin() + start, out.size(), out.begin());
      break;
    case kFramebufferRegion:
      return framebuffer_->Read(offset, out);
    case kEdidRegion:
      edid_.Read(offset, out);
      break;
    case kOpRegionRegion:
      std::copy_n(op_region_.begin() + start, out.size(), out.begin());
      break;
    case kPointerRegion:
      return options_.pointer->Read(offset, out);
    default:
      break;
  }
  return absl::OkStatus();
}

absl::Status VirtualDevice::WriteRegion(uint32_t index, uint64_t offset,
                                        std::span<const uint8_t> bytes) {
  ASSIGN_OR_RETURN(const RegionDescription region, DescribeRegion(index));
  if ((region.flags & VFIO_REGION_INFO_FLAG_WRITE) == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("write region %u: it is read-only", index));
  }
  if (offset > region.size_bytes || bytes.size() > region.size_bytes - offset) {
    return absl::InvalidArgumentError(
        absl::StrFormat("write %d bytes at %d of region %u: it has %d",
                        bytes.size(), offset, index, region.size_bytes));
  }
  return edid_.Write(offset, bytes);
}

absl::Status VirtualDevice::QueryPlane(vfio_device_gfx_plane_info& info) const {
  constexpr uint32_t kRegion = VFIO_GFX_PLANE_TYPE_REGION;
  const Plane plane = framebuffer_->plane();
  // The structure has no field for where in the region the pixels start.
  const bool supported = plane.offset_bytes == 0;
  const uint32_t kind = info.flags & ~uint32_t{VFIO_GFX_PLANE_TYPE_PROBE};
  if (kind != kRegion || !supported) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "query plane with flags 0x%x: %s", info.flags,
        supported ? "only planes in a region (0x4) are supported"
                  : "the picture does not start where its region does"));
  }
  if ((info.flags & VFIO_GFX_PLANE_TYPE_PROBE) != 0) return absl::OkStatus();
  // DRM's numbers (drm_mode.h).
  constexpr uint32_t kPrimary = 1;
  constexpr uint32_t kCursor = 2;
  const uint32_t plane_type = info.drm_plane_type;
  info = {.argsz = info.argsz, .flags = kRegion, .drm_plane_type = plane_type};
  if (!edid_.link_up()) return absl::OkStatus();
  if (plane_type == kPrimary || options_.cursor_is_primary) {
    DescribePrimary(info);
  } else if (plane_type == kCursor && options_.pointer != nullptr) {
    options_.pointer->Describe(info);
    info.region_index = kPointerRegion;
  }
  return absl::OkStatus();
}

void VirtualDevice::DescribePrimary(vfio_device_gfx_plane_info& info) const {
  const Plane plane = framebuffer_->plane();
  info.drm_format = plane.fourcc;
  info.width = static_cast<uint32_t>(plane.size.width_px);
  info.height = static_cast<uint32_t>(plane.size.height_px);
  info.stride = plane.stride_bytes;
  info.size = plane.stride_bytes * info.height;
  // linux/vfio.h: unknown.
  info.x_hot = info.y_hot = 0xFFFFFFFF;
  info.region_index = kFramebufferRegion;
}

void VirtualDevice::Draw(const SceneTime& time) {
  framebuffer_->Draw(time);
  if (options_.pointer != nullptr) {
    options_.pointer->Move(time.elapsed, framebuffer_->plane().size);
  }
}

std::optional<Duration> VirtualDevice::NextChange(const SceneTime& time) const {
  const std::optional<Duration> picture = framebuffer_->NextChange(time);
  if (options_.pointer == nullptr) return picture;
  const Duration pointer = options_.pointer->NextChange(time.elapsed);
  return picture.has_value() ? std::min(*picture, pointer) : pointer;
}

absl::Status VirtualDevice::Reset() {
  RETURN_IF_ERROR(framebuffer_->SetMode(first_size_));
  PlugFirstMonitor();
  return absl::OkStatus();
}

}  // namespace oriel::capture::sim
