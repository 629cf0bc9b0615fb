#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace oriel::capture::igd {

// The fixed part of an IGD OpRegion; all fields are little-endian.
inline constexpr size_t kOpRegionBytes = 8192;

// OpRegionHeader::mailboxes
inline constexpr uint32_t kMailboxAcpi = 1 << 0;
inline constexpr uint32_t kMailboxSwsci = 1 << 1;
inline constexpr uint32_t kMailboxAsle = 1 << 2;
inline constexpr uint32_t kMailboxVbt = 1 << 3;
inline constexpr uint32_t kMailboxAsleExt = 1 << 4;

struct OpRegionHeader {
  uint32_t size_kib = 0;
  uint8_t major = 0;
  uint8_t minor = 0;
  uint8_t revision = 0;
  uint32_t mailboxes = 0;
  // Where a VBT outside mailbox 4 lies, and its size; 0 when it does not.
  // Before version 2.1 a physical address: never follow it.
  uint64_t vbt_address = 0;
  uint32_t vbt_size_bytes = 0;
};

// One output in the VBT's general definitions (intel_vbt_defs.h, struct
// child_device_config). The numbers are the firmware's, unchecked.
struct ChildDevice {
  uint16_t handle = 0;
  uint16_t device_type = 0;
  uint8_t dvo_port = 0;
  uint8_t ddc_pin = 0;
  uint8_t aux_channel = 0;
  friend bool operator==(const ChildDevice&, const ChildDevice&) = default;
};

struct Vbt {
  std::string name;      // after "$VBT", trailing spaces cut off
  uint16_t version = 0;  // of the VBT's header, 100 for 1.00
  uint16_t bdb_version = 0;
  std::vector<uint8_t> block_ids;  // in the order of the table
  // Children with a device type of 0 are left out.
  std::vector<ChildDevice> children;
};

// An OpRegion of version 2.1 with a VBT of BDB version 221 in mailbox 4, which
// names `children` (at most 16; more are left out).
std::vector<uint8_t> BuildOpRegion(const std::vector<ChildDevice>& children);

// kInvalidArgument says what is wrong at which byte.
absl::StatusOr<OpRegionHeader> ParseOpRegionHeader(
    std::span<const uint8_t> op_region);

// The bytes from which the VBT can be parsed: behind the fixed part when the
// header says so by a relative address, else mailbox 4. A view into
// `op_region`. kNotFound: the header names no VBT.
absl::StatusOr<std::span<const uint8_t>> LocateVbt(
    std::span<const uint8_t> op_region);

// Checks every offset and size against `vbt`, which may be longer than the
// table. A block that overruns the table ends the walk, as firmware does that
// (vfio-pci users see it in every second table); the checksum is not looked
// at, because it is wrong as often. kInvalidArgument: no VBT at all.
absl::StatusOr<Vbt> ParseVbt(std::span<const uint8_t> vbt);

}  // namespace oriel::capture::igd
