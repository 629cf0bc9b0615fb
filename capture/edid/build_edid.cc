#include <algorithm>

#include "base/status_macros.h"
#include "capture/edid/block.h"
#include "capture/edid/build_displayid.h"
#include "capture/edid/descriptor.h"
#include "capture/edid/detailed_timing.h"
#include "capture/edid/edid.h"

namespace oriel::capture::edid {
namespace {

using Block = std::array<uint8_t, kBlockBytes>;
using Descriptor = std::span<uint8_t, kDetailedTimingBytes>;

constexpr char kManufacturer[] = "ORL";
constexpr uint32_t kMaxRangeLimit = 255 + 255;
// Two bytes of 10 kHz.
constexpr uint32_t kMaxDetailedClockKhz = 655'350;

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
  const auto field = out.subspan<kDescriptorTextOffset, kDescriptorTextBytes>();
  std::fill(field.begin(), field.end(), uint8_t{' '});
  const size_t length = std::min(text.size(), kDescriptorTextBytes);
  for (size_t i = 0; i < length; ++i) {
    const char c = text[i];
    field[i] = c >= 0x20 && c < 0x7F ? static_cast<uint8_t>(c) : '?';
  }
  if (length < kDescriptorTextBytes) field[length] = '\n';
}

// One limit's byte, and its bit of byte 4 when 255 are to be added.
uint8_t PutLimit(uint8_t* out, uint32_t value, uint8_t offset_bit) {
  const bool large = value > 255;
  *out = static_cast<uint8_t>(large ? value - 255 : value);
  return large ? offset_bit : 0;
}

// Whether range limits can say what these timings need.
bool FitsRangeLimits(const Timing& t) {
  const double line_khz =
      double(t.pixel_clock_khz) / (t.width_px + t.h_blank_px);
  return line_khz >= 1 && line_khz <= kMaxRangeLimit &&
         t.refresh_hz() + 15 <= kMaxRangeLimit &&
         t.pixel_clock_khz / 10'000 + 1 <= 255;
}

uint32_t LineKhz(const Timing& t) {
  return t.pixel_clock_khz / static_cast<uint32_t>(t.width_px + t.h_blank_px);
}

// Nothing but limits: no other formula that a guest could compute modes with.
// `least` is the timing with the fewest lines, which may be `t` itself.
void PutRangeLimits(Descriptor out, const Timing& t, const Timing& least) {
  const uint32_t line_khz = LineKhz(t);
  const uint32_t min_line_khz = std::min(line_khz / 2, LineKhz(least));
  const auto refresh_hz = static_cast<uint32_t>(t.refresh_hz());
  out[3] = static_cast<uint8_t>(DescriptorTag::kRangeLimits);
  out[5] = static_cast<uint8_t>(std::clamp<uint32_t>(refresh_hz / 2, 1, 255));
  out[4] = PutLimit(&out[6], refresh_hz + 15, 0x02);
  out[7] = static_cast<uint8_t>(std::clamp<uint32_t>(min_line_khz, 1, 255));
  out[4] |= PutLimit(&out[8], std::min(line_khz + 15, kMaxRangeLimit), 0x08);
  out[9] = static_cast<uint8_t>(t.pixel_clock_khz / 10'000 + 1);
  out[10] = 0x01;
  out[11] = '\n';
  std::fill(out.begin() + 12, out.end(), uint8_t{' '});
}

void PutBasics(Block& block, const Monitor& monitor, const Timing& timing,
               bool native) {
  std::copy(kHeader.begin(), kHeader.end(), block.begin());
  PutManufacturer(&block[kManufacturerOffset], kManufacturer);
  PutLe16(&block[kProductOffset], 1);
  PutLe16(&block[kSerialOffset], monitor.serial_number);
  PutLe16(&block[kSerialOffset + 2], monitor.serial_number >> 16);
  block[kWeekOffset + 1] = 2024 - 1990;
  block[kVersionOffset] = 1;
  block[kVersionOffset + 1] = 4;
  block[20] = 0xA5;  // digital, 8 bits per colour, DisplayPort
  block[21] = static_cast<uint8_t>(timing.width_mm / 10);
  block[22] = static_cast<uint8_t>(timing.height_mm / 10);
  block[23] = 120;  // gamma 2.2
  // sRGB, and whether the preferred timing is the native one.
  block[24] = native ? 0x06 : 0x04;
  // sRGB's chromaticities (E-EDID 1.4, section 3.7).
  constexpr uint8_t kSrgb[] = {0xEE, 0x91, 0xA3, 0x54, 0x4C,
                               0x99, 0x26, 0x0F, 0x50, 0x54};
  std::copy(std::begin(kSrgb), std::end(kSrgb), &block[kColorsOffset]);
  std::fill(&block[kStandardOffset], &block[kDescriptorsOffset], 0x01);
}

// 96 pixels per inch, as far as the base block's fields go.
void PutPictureSize(Timing& timing) {
  constexpr int64_t kMostMm = 2550;
  const auto mm = [&](int32_t px) {
    return static_cast<int32_t>(std::min(px * int64_t{254} / 960, kMostMm));
  };
  timing.width_mm = mm(timing.width_px);
  timing.height_mm = mm(timing.height_px);
}

bool FitsDetailedTiming(const Timing& t) {
  // What is blank grows with the rate; a field of it has twelve bits, syncs and
  // porches of lines have six.
  constexpr int32_t kMaxBlank = 4095, kMaxLines = 63;
  return t.width_px <= kMaxActivePx && t.height_px <= kMaxActivePx &&
         t.pixel_clock_khz >= 10 && t.pixel_clock_khz <= kMaxDetailedClockKhz &&
         t.h_blank_px <= kMaxBlank && t.v_blank_lines <= kMaxBlank &&
         t.v_front_lines <= kMaxLines && t.v_sync_lines <= kMaxLines;
}

// The timing of the largest mode that is `monitor`'s, halved as often as it
// must be, and fits a detailed timing. Both sides stay in proportion.
absl::StatusOr<Timing> DetailedTimingFor(const Monitor& monitor) {
  Mode mode = monitor.preferred;
  for (;;) {
    ASSIGN_OR_RETURN(const Timing timing,
                     ComputeTiming(mode, monitor.blanking));
    if (FitsDetailedTiming(timing)) return timing;
    mode.width_px = std::max(1, mode.width_px / 2);
    mode.height_px = std::max(1, mode.height_px / 2);
  }
}

// `exact` is what the monitor prefers, also where `detailed` is only half of
// it.
Block BuildBaseBlock(const Monitor& monitor, Timing detailed,
                     const Timing& exact) {
  detailed.width_mm = exact.width_mm;
  detailed.height_mm = exact.height_mm;
  const bool native = detailed.width_px == exact.width_px &&
                      detailed.height_px == exact.height_px;
  Block block{};
  PutBasics(block, monitor, exact, native);
  const auto descriptor = [&](size_t i) {
    return Descriptor(&block[kDescriptorsOffset + i * kDetailedTimingBytes],
                      kDetailedTimingBytes);
  };
  PutDetailedTiming(detailed, descriptor(0));
  PutText(descriptor(1), DescriptorTag::kName, monitor.name);
  descriptor(2)[3] = static_cast<uint8_t>(DescriptorTag::kUnused);
  if (FitsRangeLimits(exact)) PutRangeLimits(descriptor(2), exact, detailed);
  descriptor(3)[3] = static_cast<uint8_t>(DescriptorTag::kUnused);
  block[kExtensionCountOffset] = native ? 0 : 1;
  block.back() = static_cast<uint8_t>(-SumOf(block));
  return block;
}

}  // namespace

absl::StatusOr<std::vector<uint8_t>> BuildEdid(const Monitor& monitor) {
  ASSIGN_OR_RETURN(Timing exact,
                   ComputeTiming(monitor.preferred, monitor.blanking));
  PutPictureSize(exact);
  ASSIGN_OR_RETURN(const Timing detailed, DetailedTimingFor(monitor));
  const Block base = BuildBaseBlock(monitor, detailed, exact);
  std::vector<uint8_t> edid(base.begin(), base.end());
  if (base[kExtensionCountOffset] == 0) return edid;
  const Block extension =
      BuildDisplayIdBlock(exact, kManufacturer, monitor.serial_number);
  edid.insert(edid.end(), extension.begin(), extension.end());
  return edid;
}

}  // namespace oriel::capture::edid
