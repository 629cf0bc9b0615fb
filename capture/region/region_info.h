#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/device/device.h"

namespace oriel::capture {

// VFIO_REGION_INFO_CAP_TYPE.
struct RegionType {
  uint32_t type = 0;
  uint32_t subtype = 0;
  friend bool operator==(const RegionType&, const RegionType&) = default;
};

// One mappable part of a region (VFIO_REGION_INFO_CAP_SPARSE_MMAP), page
// aligned, inside the region.
struct MappableArea {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  friend bool operator==(const MappableArea&, const MappableArea&) = default;
};

struct Region {
  RegionAddress address;
  uint64_t size_bytes = 0;
  uint32_t flags = 0;  // VFIO_REGION_INFO_FLAG_*
  std::optional<RegionType> type;
  // What mmap accepts: all of a mappable region without the sparse capability,
  // else its areas; empty when it cannot be mapped.
  std::vector<MappableArea> mappable_areas;
  std::vector<uint16_t> capability_ids;  // in the order of the chain
  bool msix_mappable = false;

  bool readable() const;
  // Whether [offset, offset + size) can be mapped in one piece.
  bool IsMappable(uint64_t offset, uint64_t size_bytes) const;
};

// Checks and walks one complete reply to VFIO_DEVICE_GET_REGION_INFO. Unknown
// capabilities are listed and skipped. kInvalidArgument says what is wrong and
// at which byte.
absl::StatusOr<Region> ParseRegionInfo(std::span<const uint8_t> reply);

// Asks for region `index` in the steps that every known driver answers rightly
// (argsz 32, then exactly what it asks for, the second answer used). kNotFound:
// the device has no such region.
absl::StatusOr<Region> QueryRegion(Device& device, uint32_t index);

// Every region of the device below its region count, without those that it
// refuses. kUnavailable passes through; a malformed region is left out and
// its reason appended to `problems` when that is given.
absl::StatusOr<std::vector<Region>> ListRegions(
    Device& device, std::vector<std::string>* problems = nullptr);

// kNotFound lists the types that there are.
absl::StatusOr<Region> FindRegion(Device& device, RegionType type);

}  // namespace oriel::capture
