#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

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

// A base block whose only timing, the preferred one, is ComputeTiming's for
// `monitor.preferred`; its size is that of 96 pixels per inch.
// kInvalidArgument: ComputeTiming's, or the line rate is not 1 to 510 kHz,
// which a monitor's range limits can say.
absl::StatusOr<std::array<uint8_t, kBlockBytes>> BuildEdid(
    const Monitor& monitor);

// The first detailed timing of the base block, whose header, version and
// checksum are checked; further blocks are not looked at. kInvalidArgument
// says what is wrong at which byte, kNotFound that there is no such timing.
absl::StatusOr<Mode> ParsePreferredMode(std::span<const uint8_t> edid);

// Whether `edid` is whole: as many blocks as it says, each with its checksum,
// the first with the header and version 1. What the blocks mean is not looked
// at. kInvalidArgument says what is wrong at which byte.
absl::Status CheckEdid(std::span<const uint8_t> edid);

}  // namespace oriel::capture::edid
