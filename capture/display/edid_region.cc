#include "capture/display/edid_region.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/abi/vfio.h"
#include "capture/edid/edid_info.h"
#include "capture/region/region_info.h"

namespace oriel::capture {
namespace {

// How long a guest gets to notice that its monitor has gone; QEMU's choice too.
constexpr Duration kUnpluggedFor = std::chrono::milliseconds(100);

// GVT-g has its blob 2048 bytes into a region of 128. Farther out nobody has
// been seen.
constexpr uint64_t kMaxStrayOffset = uint64_t{1} << 20;

// GVT-g takes registers in exactly four bytes.
absl::StatusOr<uint32_t> ReadRegister(Device& device,
                                      const RegionAddress& region,
                                      size_t offset) {
  uint8_t bytes[sizeof(uint32_t)] = {};
  ASSIGN_OR_RETURN(const size_t got, device.Read(region, offset, bytes));
  if (got != sizeof(bytes)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "read byte %d of the EDID region of %s: %d of 4 bytes came", offset,
        device.description(), got));
  }
  uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

absl::Status WriteRegister(RegionWriter& writer, const RegionAddress& region,
                           size_t offset, uint32_t value) {
  uint8_t bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  return writer.Write(region, offset, bytes);
}

absl::Status Senseless(const Device& device, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "the EDID region of %s makes no sense: %s", device.description(), why));
}

// Whether the blob, which lies behind its region's end, would be bytes of
// another region: drivers with small offsets put one right after the other.
absl::StatusOr<bool> IsInAnotherRegion(Device& device,
                                       const EdidRegion& region) {
  constexpr uint64_t kEnd = std::numeric_limits<uint64_t>::max();
  const auto end = [](uint64_t start, uint64_t size) {
    return size > kEnd - start ? kEnd : start + size;
  };
  const uint64_t start = end(region.address.file_offset, region.blob_offset);
  const uint64_t stop = end(start, region.limits.max_size_bytes);
  ASSIGN_OR_RETURN(const std::vector<Region> others, ListRegions(device));
  return std::any_of(others.begin(), others.end(), [&](const Region& other) {
    const uint64_t first = other.address.file_offset;
    return other.address.index != region.address.index &&
           other.size_bytes > 0 && first < stop &&
           start < end(first, other.size_bytes);
  });
}

absl::Status CheckPlace(Device& device, const Region& found,
                        const EdidRegion& region) {
  if (region.blob_offset < sizeof(vfio_region_gfx_edid)) {
    return Senseless(device, absl::StrFormat("its EDID at byte %d would lie "
                                             "among the registers",
                                             region.blob_offset));
  }
  if (region.limits.max_size_bytes < edid::kBlockBytes) {
    return Senseless(
        device,
        absl::StrFormat("it takes at most %d bytes, and an EDID has "
                        "at least %d",
                        region.limits.max_size_bytes, edid::kBlockBytes));
  }
  const uint64_t stop =
      uint64_t{region.blob_offset} + region.limits.max_size_bytes;
  if (stop <= found.size_bytes) return absl::OkStatus();
  if (region.blob_offset > kMaxStrayOffset) {
    return Senseless(device,
                     absl::StrFormat("its EDID would be at byte %d of %d",
                                     region.blob_offset, found.size_bytes));
  }
  ASSIGN_OR_RETURN(const bool strays, IsInAnotherRegion(device, region));
  if (strays) {
    return Senseless(device,
                     absl::StrFormat("its EDID at byte %d of %d would "
                                     "lie in another region",
                                     region.blob_offset, found.size_bytes));
  }
  return absl::OkStatus();
}

int32_t SideLimit(uint32_t pixels) {
  return static_cast<int32_t>(
      std::min<uint32_t>(pixels, std::numeric_limits<int32_t>::max()));
}

std::string LimitText(int32_t pixels) {
  return pixels == 0 ? "any" : absl::StrFormat("%d", pixels);
}

absl::Status WriteSteps(RegionWriter& writer, const EdidRegion& region,
                        std::span<const uint8_t> blob,
                        const SleepFunction& sleep) {
  constexpr size_t kSize = offsetof(vfio_region_gfx_edid, edid_size);
  constexpr size_t kLink = offsetof(vfio_region_gfx_edid, link_state);
  RETURN_IF_ERROR(WriteRegister(writer, region.address, kLink,
                                VFIO_DEVICE_GFX_LINK_STATE_DOWN));
  RETURN_IF_ERROR(WriteRegister(writer, region.address, kSize,
                                static_cast<uint32_t>(blob.size())));
  RETURN_IF_ERROR(writer.Write(region.address, region.blob_offset, blob));
  sleep(kUnpluggedFor);
  return WriteRegister(writer, region.address, kLink,
                       VFIO_DEVICE_GFX_LINK_STATE_UP);
}

// What became of the monitor from before, when the new one was refused.
std::string Undo(RegionWriter& writer, const EdidRegion& region,
                 const EdidState& before, const SleepFunction& sleep) {
  if (before.link != MonitorLink::kUp || before.blob.empty()) {
    return "no monitor is plugged in, as before";
  }
  const absl::Status undone = WriteSteps(writer, region, before.blob, sleep);
  if (undone.ok()) return "the monitor from before is plugged in again";
  return absl::StrFormat(
      "and the monitor from before could not be plugged in again (%s), so "
      "there may be none: set an EDID that the device takes",
      std::string(undone.message()));
}

}  // namespace

absl::StatusOr<EdidRegion> FindEdidRegion(Device& device) {
  const absl::StatusOr<Region> found =
      FindRegion(device, {VFIO_REGION_TYPE_GFX, VFIO_REGION_SUBTYPE_GFX_EDID});
  if (absl::IsNotFound(found.status())) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s has no EDID region, so its monitor can be neither seen nor set "
        "(%s)",
        device.description(), std::string(found.status().message())));
  }
  RETURN_IF_ERROR(found.status());
  if (!found->readable() || found->size_bytes < sizeof(vfio_region_gfx_edid)) {
    return Senseless(device, absl::StrFormat("flags %#x, %d bytes",
                                             found->flags, found->size_bytes));
  }
  EdidRegion region = {
      .address = found->address,
      .writable = (found->flags & VFIO_REGION_INFO_FLAG_WRITE) != 0};
  const auto read = [&](size_t offset) {
    return ReadRegister(device, region.address, offset);
  };
  ASSIGN_OR_RETURN(region.blob_offset,
                   read(offsetof(vfio_region_gfx_edid, edid_offset)));
  ASSIGN_OR_RETURN(const uint32_t max_size,
                   read(offsetof(vfio_region_gfx_edid, edid_max_size)));
  ASSIGN_OR_RETURN(const uint32_t max_width,
                   read(offsetof(vfio_region_gfx_edid, max_xres)));
  ASSIGN_OR_RETURN(const uint32_t max_height,
                   read(offsetof(vfio_region_gfx_edid, max_yres)));
  region.limits = {.max_size_bytes = static_cast<uint32_t>(
                       std::min<size_t>(max_size, edid::kMaxEdidBytes)),
                   .max_width_px = SideLimit(max_width),
                   .max_height_px = SideLimit(max_height)};
  RETURN_IF_ERROR(CheckPlace(device, *found, region));
  return region;
}

absl::StatusOr<EdidState> ReadEdid(Device& device, const EdidRegion& region) {
  ASSIGN_OR_RETURN(const uint32_t size,
                   ReadRegister(device, region.address,
                                offsetof(vfio_region_gfx_edid, edid_size)));
  ASSIGN_OR_RETURN(const uint32_t link,
                   ReadRegister(device, region.address,
                                offsetof(vfio_region_gfx_edid, link_state)));
  EdidState state;
  if (link == VFIO_DEVICE_GFX_LINK_STATE_UP) state.link = MonitorLink::kUp;
  if (link == VFIO_DEVICE_GFX_LINK_STATE_DOWN) state.link = MonitorLink::kDown;
  // mbochs takes and tells any size.
  state.blob.resize(std::min(size, region.limits.max_size_bytes));
  if (state.blob.empty()) return state;
  ASSIGN_OR_RETURN(const size_t got,
                   device.Read(region.address, region.blob_offset, state.blob));
  if (got != state.blob.size()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("read the EDID of %s: %d of %d bytes came",
                        device.description(), got, state.blob.size()));
  }
  return state;
}

absl::Status CheckEdidFits(const EdidLimits& limits,
                           std::span<const uint8_t> blob) {
  RETURN_IF_ERROR(edid::CheckEdid(blob));
  if (blob.size() > limits.max_size_bytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID of %d bytes: the device takes at most %d; leave extension blocks "
        "out",
        blob.size(), limits.max_size_bytes));
  }
  ASSIGN_OR_RETURN(const edid::EdidInfo info, edid::ParseEdid(blob));
  if (!info.preferred.has_value()) return absl::OkStatus();
  const edid::Mode mode = info.preferred->mode();
  const auto exceeds = [](int32_t side, int32_t limit) {
    return limit != 0 && side > limit;
  };
  if (exceeds(mode.width_px, limits.max_width_px) ||
      exceeds(mode.height_px, limits.max_height_px)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID with the preferred mode %dx%d: the device shows at most %s by %s "
        "pixels",
        mode.width_px, mode.height_px, LimitText(limits.max_width_px),
        LimitText(limits.max_height_px)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint8_t>> EdidFor(const EdidLimits& limits,
                                             const edid::Monitor& monitor) {
  ASSIGN_OR_RETURN(std::vector<uint8_t> blob, edid::BuildEdid(monitor));
  if (blob.size() > limits.max_size_bytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "build an EDID for %dx%d at %u mHz: it needs a DisplayID block and %d "
        "bytes with it, and the device takes at most %d; ask for at most %d "
        "pixels a side and a pixel clock of 655.35 MHz, which one block can "
        "say",
        monitor.preferred.width_px, monitor.preferred.height_px,
        monitor.preferred.refresh_mhz, blob.size(), limits.max_size_bytes,
        edid::kMaxActivePx));
  }
  RETURN_IF_ERROR(CheckEdidFits(limits, blob));
  return blob;
}

edid::Mode ClampMode(const EdidLimits& limits, edid::Mode mode) {
  const int32_t most = limits.max_size_bytes < 2 * edid::kBlockBytes
                           ? edid::kMaxActivePx
                           : edid::kMaxSidePx;
  const auto clamp = [most](int32_t side, int32_t limit) {
    return std::clamp(side, 1, limit == 0 ? most : std::min(limit, most));
  };
  mode.width_px = clamp(mode.width_px, limits.max_width_px);
  mode.height_px = clamp(mode.height_px, limits.max_height_px);
  return mode;
}

absl::Status CheckEdidWritable(Device& device, const EdidRegion& region) {
  if (device.AsEdidWriter() == nullptr) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s is driven by its VM's process, which may set the EDID, too; to set "
        "it all the same, give its display allow_edid_writes: true in the "
        "configuration",
        device.description()));
  }
  if (region.writable) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "the EDID region of %s is read-only", device.description()));
}

absl::Status WriteEdid(Device& device, const EdidRegion& region,
                       std::span<const uint8_t> blob,
                       const SleepFunction& sleep) {
  RETURN_IF_ERROR(CheckEdidFits(region.limits, blob));
  RETURN_IF_ERROR(CheckEdidWritable(device, region));
  RegionWriter* const writer = device.AsEdidWriter();
  ASSIGN_OR_RETURN(const EdidState before, ReadEdid(device, region));
  const absl::Status written = WriteSteps(*writer, region, blob, sleep);
  if (written.ok()) return written;
  return absl::Status(
      written.code(),
      absl::StrFormat("set the EDID of %s: %s; %s", device.description(),
                      std::string(written.message()),
                      Undo(*writer, region, before, sleep)));
}

}  // namespace oriel::capture
