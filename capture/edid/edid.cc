#include "capture/edid/edid.h"

#include <algorithm>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/edid/cvt.h"

namespace oriel::capture::edid {
namespace {

using Block = std::array<uint8_t, kBlockBytes>;

// VESA E-EDID 1.4, section 3: offsets in the base block.
constexpr std::array<uint8_t, 8> kHeader = {0x00, 0xFF, 0xFF, 0xFF,
                                            0xFF, 0xFF, 0xFF, 0x00};
constexpr size_t kVersionOffset = 18;
constexpr size_t kDescriptorsOffset = 54;
constexpr size_t kDescriptorBytes = 18;
constexpr uint8_t kInterlaced = 0x80;

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

void PutDetailedTiming(uint8_t* out, const Timing& t, int width_mm,
                       int height_mm) {
  const auto high4 = [](int a, int b) {
    return static_cast<uint8_t>((a >> 8) << 4 | (b >> 8));
  };
  PutLe16(out, t.pixel_clock_khz / 10);
  out[2] = static_cast<uint8_t>(t.active);
  out[3] = static_cast<uint8_t>(t.blank);
  out[4] = high4(t.active, t.blank);
  out[5] = static_cast<uint8_t>(t.v_active);
  out[6] = static_cast<uint8_t>(t.v_blank);
  out[7] = high4(t.v_active, t.v_blank);
  out[8] = static_cast<uint8_t>(t.sync_offset);
  out[9] = static_cast<uint8_t>(t.sync_width);
  out[10] = static_cast<uint8_t>(t.v_sync_offset << 4 | t.v_sync_width);
  out[11] = 0;  // the sync values' upper bits: reduced blanking needs none
  out[12] = static_cast<uint8_t>(width_mm);
  out[13] = static_cast<uint8_t>(height_mm);
  out[14] = high4(width_mm, height_mm);
  out[17] = 0x1A;  // digital separate sync, horizontal +, vertical -
}

// A display descriptor with text: ended by a line feed, filled with spaces.
void PutText(uint8_t* out, uint8_t tag, const std::string& text) {
  constexpr size_t kTextBytes = 13;
  out[3] = tag;
  std::fill(out + 5, out + 5 + kTextBytes, ' ');
  size_t length = 0;
  for (char c : text) {
    if (length == kTextBytes) return;
    out[5 + length++] = c >= 0x20 && c < 0x7F ? static_cast<uint8_t>(c) : '?';
  }
  if (length < kTextBytes) out[5 + length] = '\n';
}

// Range limits without a secondary timing formula.
void PutRangeLimits(uint8_t* out, const Timing& t, uint32_t refresh_hz) {
  const uint32_t line_khz =
      t.pixel_clock_khz / static_cast<uint32_t>(t.active + t.blank);
  out[3] = 0xFD;
  out[5] = static_cast<uint8_t>(std::max<uint32_t>(1, refresh_hz / 2));
  out[6] = static_cast<uint8_t>(std::min<uint32_t>(255, refresh_hz + 15));
  out[7] = static_cast<uint8_t>(std::clamp<uint32_t>(line_khz / 2, 1, 255));
  out[8] = static_cast<uint8_t>(std::clamp<uint32_t>(line_khz + 15, 1, 255));
  out[9] = static_cast<uint8_t>(
      std::min<uint32_t>(255, t.pixel_clock_khz / 10'000 + 1));
  out[10] = 0x01;
  out[11] = '\n';
  std::fill(out + 12, out + kDescriptorBytes, ' ');
}

uint8_t Checksum(std::span<const uint8_t> block) {
  return std::accumulate(block.begin(), block.end(), uint8_t{0},
                         [](uint8_t sum, uint8_t byte) {
                           return static_cast<uint8_t>(sum + byte);
                         });
}

absl::Status CheckMode(const Mode& mode) {
  if (mode.width_px < 1 || mode.width_px > kMaxActivePx || mode.height_px < 1 ||
      mode.height_px > kMaxActivePx) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "build an EDID for %dx%d: a detailed timing's sides are 1 to %d",
        mode.width_px, mode.height_px, kMaxActivePx));
  }
  if (mode.refresh_mhz < 1000 || mode.refresh_mhz > 240'000) {
    return absl::InvalidArgumentError(
        absl::StrFormat("build an EDID for %u mHz: 1 to 240 Hz are possible",
                        mode.refresh_mhz));
  }
  return absl::OkStatus();
}

void PutBasics(Block& block, const Monitor& monitor, int width_mm,
               int height_mm) {
  std::copy(kHeader.begin(), kHeader.end(), block.begin());
  PutManufacturer(&block[8], "ORL");
  PutLe16(&block[10], 1);
  PutLe16(&block[12], monitor.serial_number);
  PutLe16(&block[14], monitor.serial_number >> 16);
  block[17] = 2024 - 1990;
  block[kVersionOffset] = 1;
  block[kVersionOffset + 1] = 4;
  block[20] = 0xA5;  // digital, 8 bits per colour, DisplayPort
  block[21] = static_cast<uint8_t>(width_mm / 10);
  block[22] = static_cast<uint8_t>(height_mm / 10);
  block[23] = 120;   // gamma 2.2
  block[24] = 0x06;  // sRGB; the preferred timing is the native one
  // sRGB's chromaticities (E-EDID 1.4, section 3.7).
  constexpr uint8_t kSrgb[] = {0xEE, 0x91, 0xA3, 0x54, 0x4C,
                               0x99, 0x26, 0x0F, 0x50, 0x54};
  std::copy(std::begin(kSrgb), std::end(kSrgb), &block[25]);
  std::fill(&block[38], &block[54], 0x01);  // no standard timings
}

}  // namespace

absl::StatusOr<Block> BuildEdid(const Monitor& monitor) {
  RETURN_IF_ERROR(CheckMode(monitor.preferred));
  const Timing timing = ReducedBlankingTiming(monitor.preferred);
  // Blank is at most 12 bits, the clock 16 bits of 10 kHz.
  if (timing.pixel_clock_khz > 655'350 || timing.pixel_clock_khz < 10 ||
      timing.v_blank > kMaxActivePx) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "build an EDID for %dx%d at %u mHz: its pixel clock of %u kHz does not "
        "fit a detailed timing (10 to 655350 kHz)",
        monitor.preferred.width_px, monitor.preferred.height_px,
        monitor.preferred.refresh_mhz, timing.pixel_clock_khz));
  }
  // 96 pixels per inch, as far as the fields go.
  const int width_mm = std::min(timing.active * 254 / 960, 2550);
  const int height_mm = std::min(timing.v_active * 254 / 960, 2550);
  Block block{};
  PutBasics(block, monitor, width_mm, height_mm);
  uint8_t* descriptor = &block[kDescriptorsOffset];
  PutDetailedTiming(descriptor, timing, width_mm, height_mm);
  PutText(descriptor += kDescriptorBytes, 0xFC, monitor.name);
  PutRangeLimits(descriptor += kDescriptorBytes, timing,
                 (monitor.preferred.refresh_mhz + 500) / 1000);
  (descriptor += kDescriptorBytes)[3] = 0x10;  // unused
  block[kBlockBytes - 1] = static_cast<uint8_t>(-Checksum(block));
  return block;
}

absl::StatusOr<Mode> ParsePreferredMode(std::span<const uint8_t> edid) {
  if (edid.size() < kBlockBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID of %d bytes: a base block has %d", edid.size(), kBlockBytes));
  }
  const std::span<const uint8_t> block = edid.first(kBlockBytes);
  if (!std::equal(kHeader.begin(), kHeader.end(), block.begin())) {
    return absl::InvalidArgumentError(
        "EDID: bytes 0 to 7 are not the header 00 FF FF FF FF FF FF 00");
  }
  if (const uint8_t sum = Checksum(block); sum != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID: the base block's bytes add up to 0x%02x, not to 0", sum));
  }
  if (block[kVersionOffset] != 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID: byte 18 says version %d; 1 is known", block[kVersionOffset]));
  }
  const std::span<const uint8_t> t =
      block.subspan(kDescriptorsOffset, kDescriptorBytes);
  const uint64_t clock_hz = uint64_t{t[0] | uint32_t{t[1]} << 8} * 10'000;
  if (clock_hz == 0) {
    return absl::NotFoundError(
        "EDID: the first descriptor (byte 54) is no detailed timing");
  }
  const int32_t width_px = t[2] | (t[4] >> 4) << 8;
  const int32_t height_px = t[5] | (t[7] >> 4) << 8;
  const int32_t line = width_px + (t[3] | (t[4] & 0xF) << 8);
  const int32_t lines = height_px + (t[6] | (t[7] & 0xF) << 8);
  if (width_px == 0 || height_px == 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID: the preferred timing (byte 54) is %dx%d", width_px, height_px));
  }
  if ((t[17] & kInterlaced) != 0) {
    return absl::InvalidArgumentError(
        "EDID: the preferred timing (byte 54) is interlaced");
  }
  return Mode{.width_px = width_px,
              .height_px = height_px,
              .refresh_mhz = static_cast<uint32_t>(clock_hz * 1000 /
                                                   (uint64_t(line) * lines))};
}

}  // namespace oriel::capture::edid
