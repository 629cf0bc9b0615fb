#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/igd/vbt.h"

namespace oriel::capture::igd {

// The fixed part of an IGD OpRegion; all fields are little-endian.
inline constexpr size_t kOpRegionBytes = 8192;

// OpRegionHeader::mailboxes
inline constexpr uint32_t kMailboxAcpi = 1 << 0;
inline constexpr uint32_t kMailboxSwsci = 1 << 1;
inline constexpr uint32_t kMailboxAsle = 1 << 2;
inline constexpr uint32_t kMailboxVbt = 1 << 3;
inline constexpr uint32_t kMailboxAsleExt = 1 << 4;
inline constexpr uint32_t kMailboxBacklight = 1 << 5;

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
  std::string bios_version;
  std::string video_bios_version;
  bool headless = false;  // a SKU without display, from version 2.3 on

  bool relative_vbt_address() const {
    return major > 2 || (major == 2 && minor >= 1);
  }
};

// An OpRegion with everything in it. Refers to no foreign bytes.
struct OpRegion {
  OpRegionHeader header;
  // Empty when there is none; problems says why.
  std::optional<Vbt> vbt;
  // The table's place in the region, cut to its size; 0 without a VBT.
  size_t vbt_offset_bytes = 0;
  size_t vbt_size_bytes = 0;
  // The built-in panel's EDID out of mailbox 5, unchecked; at most 256 bytes.
  std::vector<uint8_t> panel_edid;
  // Beside those in vbt.
  std::vector<std::string> problems;
};

// An OpRegion of version 2.1 with a VBT of BDB version 221 in mailbox 4, which
// names `children` (at most 16; more are left out).
std::vector<uint8_t> BuildOpRegion(const std::vector<ChildDevice>& children);

// "ACPI", "SWSCI", "ASLE", "VBT", "ASLE_EXT", "BACKLIGHT", and "bit 7" for
// those not known, in the order of the bits.
std::vector<std::string> MailboxNames(uint32_t mailboxes);

// kInvalidArgument says what is wrong at which byte.
absl::StatusOr<OpRegionHeader> ParseOpRegionHeader(
    std::span<const uint8_t> op_region);

// The bytes from which the VBT can be parsed: behind the fixed part when the
// header says so by a relative address and a VBT is there, else mailbox 4. A
// view into `op_region`. kNotFound: the header names no VBT.
absl::StatusOr<std::span<const uint8_t>> LocateVbt(
    std::span<const uint8_t> op_region);

// The built-in panel's EDID in mailbox 5, a view into `op_region`: whole blocks
// of 128 bytes, two at most. kNotFound: there is none.
absl::StatusOr<std::span<const uint8_t>> LocatePanelEdid(
    std::span<const uint8_t> op_region);

// All of the above at once. kInvalidArgument: no OpRegion.
absl::StatusOr<OpRegion> ParseOpRegion(std::span<const uint8_t> op_region);

}  // namespace oriel::capture::igd
