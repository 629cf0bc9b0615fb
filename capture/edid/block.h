#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>

namespace oriel::capture::edid {

// VESA E-EDID 1.4, section 3: offsets in the base block.
inline constexpr std::array<uint8_t, 8> kHeader = {0x00, 0xFF, 0xFF, 0xFF,
                                                   0xFF, 0xFF, 0xFF, 0x00};
inline constexpr size_t kManufacturerOffset = 8;
inline constexpr size_t kProductOffset = 10;
inline constexpr size_t kSerialOffset = 12;
inline constexpr size_t kWeekOffset = 16;
inline constexpr size_t kVersionOffset = 18;
inline constexpr size_t kBasicsOffset = 20;
inline constexpr size_t kColorsOffset = 25;
inline constexpr size_t kEstablishedOffset = 35;
inline constexpr size_t kStandardOffset = 38;
inline constexpr size_t kDescriptorsOffset = 54;
inline constexpr size_t kDescriptorCount = 4;
inline constexpr size_t kExtensionCountOffset = 126;

// Of every block.
inline constexpr size_t kChecksumOffset = 127;

// Byte 0 of an extension block.
enum class BlockTag : uint8_t {
  kCta861 = 0x02,
  kVideoTimings = 0x10,  // VTB-EXT
  kDisplayId = 0x70,
  kBlockMap = 0xF0,
};

// What a block's bytes add up to: 0 when its checksum is right.
inline uint8_t SumOf(std::span<const uint8_t> block) {
  return std::accumulate(block.begin(), block.end(), uint8_t{0},
                         [](uint8_t sum, uint8_t byte) {
                           return static_cast<uint8_t>(sum + byte);
                         });
}

}  // namespace oriel::capture::edid
