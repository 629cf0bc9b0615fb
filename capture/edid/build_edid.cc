#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/edid/block.h"
#include "capture/edid/detailed_timing.h"
#include "capture/edid/edid.h"

namespace oriel::capture::edid {
namespace {

using Block = std::array<uint8_t, kBlockBytes>;
using Descriptor = std::span<uint8_t, kDetailedTimingBytes>;

constexpr uint32_t kMaxRangeLimit = 255 + 255;

void PutLe16(uint8_t* out, uint32_t value) {
  out[0] = static_cast<uint8_t>(value);
  out[1] = static_cast<uint8_t>(value >> 8);
}

// Three letters, five bits each, 'A' being 1; big-endian.
void PutManufacturer(uint8_t* out, const char (&letters)[4]) {
  uint32_t packed = 0;
  for (int i = 0; i < 3; ++i) packed = packed << 5 | (letters[i] - 'A' + 1);
  out[0] = static_cast<uint8_t>(packed >> 8);
  out[1] = static_cast<uint8_t>(packed);
}

// Ended by a line feed, filled with spaces.
void PutText(Descriptor out, DescriptorTag tag, const std::string& text) {
  out[3] = static_cast<uint8_t>(tag);
  const auto field = out.subspan<kTextOffset, kTextBytes>();
  std::fill(field.begin(), field.end(), uint8_t{' '});
  const size_t length = std::min(text.size(), kTextBytes);
  for (size_t i = 0; i < length; ++i) {
    const char c = text[i];
    field[i] = c >= 0x20 && c < 0x7F ? static_cast<uint8_t>(c) : '?';
  }
  if (length < kTextBytes) field[length] = '\n';
}

// One limit's byte, and its bit of byte 4 when 255 are to be added.
uint8_t PutLimit(uint8_t* out, uint32_t value, uint8_t offset_bit) {
  const bool large = value > 255;
  *out = static_cast<uint8_t>(large ? value - 255 : value);
  return large ? offset_bit : 0;
}

// Nothing but limits: no other formula that a guest could compute modes with.
void PutRangeLimits(Descriptor out, uint32_t line_khz, const Timing& t) {
  const uint32_t refresh_hz = t.mode().refresh_mhz / 1000;
  out[3] = static_cast<uint8_t>(DescriptorTag::kRangeLimits);
  out[5] = static_cast<uint8_t>(std::max<uint32_t>(1, refresh_hz / 2));
  out[4] = PutLimit(&out[6], refresh_hz + 15, 0x02);
  out[7] = static_cast<uint8_t>(std::clamp<uint32_t>(line_khz / 2, 1, 255));
  out[4] |= PutLimit(&out[8], std::min(line_khz + 15, kMaxRangeLimit), 0x08);
  out[9] = static_cast<uint8_t>(t.pixel_clock_khz / 10'000 + 1);
  out[10] = 0x01;
  out[11] = '\n';
  std::fill(out.begin() + 12, out.end(), uint8_t{' '});
}

void PutBasics(Block& block, const Monitor& monitor, const Timing& timing) {
  std::copy(kHeader.begin(), kHeader.end(), block.begin());
  PutManufacturer(&block[kManufacturerOffset], "ORL");
  PutLe16(&block[kProductOffset], 1);
  PutLe16(&block[kSerialOffset], monitor.serial_number);
  PutLe16(&block[kSerialOffset + 2], monitor.serial_number >> 16);
  block[kWeekOffset + 1] = 2024 - 1990;
  block[kVersionOffset] = 1;
  block[kVersionOffset + 1] = 4;
  block[20] = 0xA5;  // digital, 8 bits per colour, DisplayPort
  block[21] = static_cast<uint8_t>(timing.width_mm / 10);
  block[22] = static_cast<uint8_t>(timing.height_mm / 10);
  block[23] = 120;   // gamma 2.2
  block[24] = 0x06;  // sRGB; the preferred timing is the native one
  // sRGB's chromaticities (E-EDID 1.4, section 3.7).
  constexpr uint8_t kSrgb[] = {0xEE, 0x91, 0xA3, 0x54, 0x4C,
                               0x99, 0x26, 0x0F, 0x50, 0x54};
  std::copy(std::begin(kSrgb), std::end(kSrgb), &block[kColorsOffset]);
  std::fill(&block[kStandardOffset], &block[kDescriptorsOffset], 0x01);
}

}  // namespace

absl::StatusOr<Block> BuildEdid(const Monitor& monitor) {
  ASSIGN_OR_RETURN(Timing timing,
                   ComputeTiming(monitor.preferred, monitor.blanking));
  const uint32_t line_khz =
      timing.pixel_clock_khz /
      static_cast<uint32_t>(timing.width_px + timing.h_blank_px);
  if (line_khz < 1 || line_khz > kMaxRangeLimit) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "build an EDID for %dx%d at %u mHz: its %u kHz of lines are not among "
        "the 1 to %u that range limits can say",
        monitor.preferred.width_px, monitor.preferred.height_px,
        monitor.preferred.refresh_mhz, line_khz, kMaxRangeLimit));
  }
  // 96 pixels per inch, as far as the fields go.
  timing.width_mm = std::min(timing.width_px * 254 / 960, 2550);
  timing.height_mm = std::min(timing.height_px * 254 / 960, 2550);
  Block block{};
  PutBasics(block, monitor, timing);
  const auto descriptor = [&](size_t i) {
    return Descriptor(&block[kDescriptorsOffset + i * kDetailedTimingBytes],
                      kDetailedTimingBytes);
  };
  PutDetailedTiming(timing, descriptor(0));
  PutText(descriptor(1), DescriptorTag::kName, monitor.name);
  PutRangeLimits(descriptor(2), line_khz, timing);
  descriptor(3)[3] = static_cast<uint8_t>(DescriptorTag::kUnused);
  block.back() = static_cast<uint8_t>(-SumOf(block));
  return block;
}

}  // namespace oriel::capture::edid
