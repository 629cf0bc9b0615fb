#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/edid/cvt.h"
#include "capture/edid/timing.h"

namespace oriel::capture::edid {

// VESA E-EDID 1.4: one block, base or extension.
inline constexpr size_t kBlockBytes = 128;
// A base block and what one byte can count of extension blocks.
inline constexpr size_t kMaxEdidBytes = 256 * kBlockBytes;

// What BuildEdid needs to know of the monitor it describes.
struct Monitor {
  Mode preferred;
  Blanking blanking = Blanking::kReduced;
  // At most 13 printable ASCII characters; the rest is cut off.
  std::string name = "Oriel";
  uint32_t serial_number = 1;
};

// An EDID that prefers ComputeTiming's for `monitor.preferred`; its size is
// that of 96 pixels per inch. One block, or where a detailed timing cannot say
// the mode (a side over kMaxActivePx, a clock over 655.35 MHz) two: a DisplayID
// block has it, and the base block one of half the size, or a quarter and so
// on, for who knows no DisplayID. kInvalidArgument: ComputeTiming's.
absl::StatusOr<std::vector<uint8_t>> BuildEdid(const Monitor& monitor);

// Whether the base block has its header, version and checksum; further blocks
// are not looked at. kInvalidArgument says what is wrong at which byte.
absl::Status CheckBaseBlock(std::span<const uint8_t> edid);

// Whether `edid` is whole: as many blocks as it says, each with its checksum,
// the first with the header and version 1. What the blocks mean is not looked
// at, but for HDMI's override of their number.
absl::Status CheckEdid(std::span<const uint8_t> edid);

}  // namespace oriel::capture::edid
