#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/edid/timing.h"

namespace oriel::capture::edid {

// What a monitor says it can show at most and at least.
struct RangeLimits {
  int min_refresh_hz = 0, max_refresh_hz = 0;
  int min_line_khz = 0, max_line_khz = 0;
  int max_pixel_clock_mhz = 0;  // 0: not told
};

// One extension block. Of CTA-861's (tag 2) the timings are in EdidInfo too.
struct ExtensionBlock {
  uint8_t tag = 0;
  uint8_t revision = 0;
  // CTA-861's short video descriptors: its numbers (VIC) of known modes.
  std::vector<uint8_t> video_codes;
};

// An EDID's content. Texts hold printable ASCII only, '?' for anything else;
// they are empty when the monitor does not tell.
struct EdidInfo {
  int version = 0, revision = 0;
  std::string manufacturer;  // three letters
  uint16_t product_code = 0;
  uint32_t serial_number = 0;  // 0: not told
  int year = 0;                // of manufacture, or of the model
  std::optional<int> week;     // of manufacture; empty: not told
  bool is_digital = false;
  int width_cm = 0, height_cm = 0;  // 0: not told, such as a projector's
  std::string name;
  std::string serial_text;
  std::vector<std::string> texts;
  std::optional<RangeLimits> range_limits;

  // The first descriptor, when it is a timing: what a guest chooses by itself.
  std::optional<Timing> preferred;
  // Every detailed timing in the order of the bytes, the preferred one too and
  // those of CTA-861 blocks. None has a side of 0.
  std::vector<Timing> timings;
  // Established and standard timings, but for the interlaced 1024x768.
  std::vector<Mode> listed_modes;

  int extension_count = 0;  // as the base block says
  std::vector<ExtensionBlock> extensions;
  // What is wrong, a sentence each, in the order of the bytes.
  std::vector<std::string> problems;
};

// Decodes as much as can be understood: a wrong checksum, a missing block or a
// senseless timing is one of the problems. kInvalidArgument: less than a base
// block, or not one (two bytes of the header may be wrong, as the Linux kernel
// has it), or another version than 1.
absl::StatusOr<EdidInfo> ParseEdid(std::span<const uint8_t> edid);

}  // namespace oriel::capture::edid
