#pragma once

#include <optional>

#include "capture/edid/detailed_timing.h"
#include "capture/edid/findings.h"

namespace oriel::capture::edid {

// Byte 3 of a descriptor that is no detailed timing (E-EDID 1.4, section
// 3.10.3).
enum class DescriptorTag : uint8_t {
  kUnused = 0x10,
  kEstablishedThree = 0xF7,
  kCvtCodes = 0xF8,
  kColors = 0xF9,
  kStandardTimings = 0xFA,
  kColorPoints = 0xFB,
  kName = 0xFC,
  kRangeLimits = 0xFD,
  kText = 0xFE,
  kSerial = 0xFF,
};
inline constexpr size_t kDescriptorTextOffset = 5;
inline constexpr size_t kDescriptorTextBytes = 13;

// One descriptor of a base or CTA-861 block, of kDetailedTimingBytes. Returns
// the timing where it is one, and IsCredible.
std::optional<Timing> ParseDescriptor(Section descriptor, Findings& findings);

// Whether it says that the display takes what CVT computes (E-EDID 1.4).
bool SaysCvt(Section descriptor);

}  // namespace oriel::capture::edid
