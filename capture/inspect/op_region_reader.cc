#include "capture/inspect/op_region_reader.h"

#include <linux/vfio.h>

#include <cstddef>
#include <span>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/abi/vfio.h"
#include "capture/igd/op_region.h"
#include "capture/region/region_info.h"

namespace oriel::capture {
namespace {

// The largest of 372 real tables has 8.7 KiB; its own size field ends at 64.
constexpr uint32_t kMaxVbtBytes = 1 << 20;

absl::Status Senseless(const Device& device, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "the OpRegion of %s makes no sense: %s", device.description(), why));
}

// A driver may give less than was asked for.
absl::Status ReadAll(Device& device, const Region& region, uint64_t offset,
                     std::span<uint8_t> out) {
  size_t done = 0;
  while (done < out.size()) {
    ASSIGN_OR_RETURN(
        const size_t got,
        device.Read(region.address, offset + done, out.subspan(done)));
    if (got == 0 || got > out.size() - done) {
      return Senseless(
          device, absl::StrFormat("it ends at byte %d of %d", offset + done,
                                  offset + out.size()));
    }
    done += got;
  }
  return absl::OkStatus();
}

absl::StatusOr<Region> FindOpRegion(Device& device) {
  absl::StatusOr<Region> region = FindRegion(
      device, {abi::kIntelRegionType, VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION});
  if (!absl::IsNotFound(region.status())) return region;
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s has no OpRegion; only Intel's GPUs have one, where the firmware left "
      "it and vfio-pci or GVT-g shows it",
      device.description()));
}

}  // namespace

absl::StatusOr<std::vector<uint8_t>> ReadOpRegion(Device& device) {
  ASSIGN_OR_RETURN(const Region region, FindOpRegion(device));
  if (region.size_bytes < igd::kOpRegionBytes) {
    return Senseless(device,
                     absl::StrFormat("it has %d bytes instead of %d",
                                     region.size_bytes, igd::kOpRegionBytes));
  }
  std::vector<uint8_t> bytes(igd::kOpRegionBytes);
  RETURN_IF_ERROR(ReadAll(device, region, 0, bytes));
  const absl::StatusOr<igd::OpRegionHeader> header =
      igd::ParseOpRegionHeader(bytes);
  if (!header.ok()) {
    return Senseless(device, std::string(header.status().message()));
  }
  // Through VFIO the address is relative or 0, whatever firmware wrote; one
  // that is not right behind the 8 KiB leads nowhere that may be read.
  if (header->vbt_size_bytes == 0 || !header->relative_vbt_address() ||
      header->vbt_address != igd::kOpRegionBytes) {
    return bytes;
  }
  if (header->vbt_size_bytes > kMaxVbtBytes ||
      header->vbt_size_bytes > region.size_bytes - igd::kOpRegionBytes) {
    return Senseless(
        device,
        absl::StrFormat(
            "its header tells of a VBT of %d bytes behind the first "
            "%d, and the region has %d",
            header->vbt_size_bytes, igd::kOpRegionBytes, region.size_bytes));
  }
  bytes.resize(igd::kOpRegionBytes + header->vbt_size_bytes);
  RETURN_IF_ERROR(ReadAll(device, region, igd::kOpRegionBytes,
                          std::span(bytes).subspan(igd::kOpRegionBytes)));
  return bytes;
}

}  // namespace oriel::capture
