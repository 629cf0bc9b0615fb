#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace oriel::capture::edid {

// HDMI 2.1, section 10.3.6: HF-EEODB, the first data block of the first
// extension block, which says more extension blocks than old sources bear to
// hear of. Empty: there is none. Needs two whole blocks.
std::optional<size_t> ExtensionOverride(std::span<const uint8_t> edid);

// The extension blocks of this EDID, which has a base block: what byte 126
// says, or HDMI's override where that says more.
size_t ExtensionCount(std::span<const uint8_t> edid);

// Which of the two says so, for messages: "byte 126" or "HDMI's override (byte
// 134)".
const char* ExtensionCountSource(std::span<const uint8_t> edid);

}  // namespace oriel::capture::edid
