#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace oriel::capture::edid {

// VESA E-EDID 1.4: one block, base or extension.
inline constexpr size_t kBlockBytes = 128;
// What a detailed timing can say (12 bits each).
inline constexpr int32_t kMaxActivePx = 4095;

// A progressive video mode. refresh_mhz is in millihertz.
struct Mode {
  int32_t width_px = 0;
  int32_t height_px = 0;
  uint32_t refresh_mhz = 60'000;
  friend bool operator==(const Mode&, const Mode&) = default;
};

// What BuildEdid needs to know of the monitor it describes.
struct Monitor {
  Mode preferred;
  // At most 13 printable ASCII characters; the rest is cut off.
  std::string name = "Oriel";
  uint32_t serial_number = 1;
};

// A base block whose preferred detailed timing is `monitor.preferred` with
// CVT's reduced blanking. kInvalidArgument: the mode does not fit a detailed
// timing (a side of 0 or over 4095, a clock over 655.35 MHz).
absl::StatusOr<std::array<uint8_t, kBlockBytes>> BuildEdid(
    const Monitor& monitor);

// The first detailed timing of the base block, whose header, version and
// checksum are checked; further blocks are not looked at. kInvalidArgument
// says what is wrong at which byte, kNotFound that there is no such timing.
absl::StatusOr<Mode> ParsePreferredMode(std::span<const uint8_t> edid);

}  // namespace oriel::capture::edid
