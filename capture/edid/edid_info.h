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

// Of the picture, in tenths of a millimetre.
struct PictureSize {
  int width_tenth_mm = 0, height_tenth_mm = 0;
  friend bool operator==(const PictureSize&, const PictureSize&) = default;
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
  // What DisplayID and CTA-861 blocks tell exactly.
  std::optional<PictureSize> exact_size;
  std::string name;         // all the descriptors of one, joined
  std::string serial_text;  // likewise
  // Other texts, also the names and serial numbers in DisplayID blocks.
  std::vector<std::string> texts;
  std::optional<RangeLimits> range_limits;

  // What a guest chooses by itself: of the base block's first descriptor, when
  // it is a timing, and those that DisplayID blocks prefer, the largest.
  std::optional<Timing> preferred;
  // Every timing that a block lists or names, in the order of the bytes, as
  // often as it is there. None but CanBeShown's.
  std::vector<Timing> timings;
  // Standard timings from before EDID 1.2, for which no formula is told.
  std::vector<Mode> bare_modes;

  int extension_count = 0;  // that of HDMI's override where there is one
  // Blocks whose meaning is not known here, with their byte: they may list more
  // timings or names.
  std::vector<std::string> undecoded;
  // What is wrong, a sentence each.
  std::vector<std::string> problems;
};

// Decodes as much as can be understood: a wrong checksum, a missing block or a
// senseless timing is one of the problems. kInvalidArgument: less than a base
// block, or not one (two bytes of the header may be wrong, as the Linux kernel
// has it), or another version than 1.
absl::StatusOr<EdidInfo> ParseEdid(std::span<const uint8_t> edid);

}  // namespace oriel::capture::edid
