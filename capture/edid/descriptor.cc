#include "capture/edid/descriptor.h"

#include <algorithm>
#include <string>

#include "capture/edid/standard_timings.h"

namespace oriel::capture::edid {
namespace {

constexpr size_t kRangeKindOffset = 10;
constexpr uint8_t kRangeKindCvt = 4;
// Manufacturers have those below for themselves (E-EDID 1.4, table 3.23).
constexpr uint8_t kMaxManufacturersTag = 0x0F;

// A longer name goes on in the next descriptor of its kind, where the last one
// is full.
void Join(Section field, std::string& text, Findings& findings) {
  const DescriptorText more = ParseText(field, findings);
  text += more.ended ? WithoutTrailingSpaces(more.text) : more.text;
}

void ParseRangeLimits(Section bytes, Findings& findings) {
  // Two bits of byte 4 each: 2 adds 255 to the larger limit, 3 to both.
  const auto lower = [](uint8_t byte, int bits) {
    return byte + (bits == 3 ? 255 : 0);
  };
  const auto upper = [](uint8_t byte, int bits) {
    return byte + (bits >= 2 ? 255 : 0);
  };
  const int refresh_bits = bytes[4] & 3;
  const int line_bits = bytes[4] >> 2 & 3;
  const RangeLimits limits = {.min_refresh_hz = lower(bytes[5], refresh_bits),
                              .max_refresh_hz = upper(bytes[6], refresh_bits),
                              .min_line_khz = lower(bytes[7], line_bits),
                              .max_line_khz = upper(bytes[8], line_bits),
                              .max_pixel_clock_mhz = bytes[9] * 10};
  if (limits.min_refresh_hz > limits.max_refresh_hz ||
      limits.min_line_khz > limits.max_line_khz) {
    findings.Problem(
        "the range limits at byte %d are less at most than at least", bytes.at);
  }
  findings.info.range_limits = limits;
}

void ParseTagged(Section bytes, Findings& findings) {
  const Section text = bytes.Part(kDescriptorTextOffset, kDescriptorTextBytes);
  const uint8_t tag = bytes[3];
  switch (static_cast<DescriptorTag>(tag)) {
    case DescriptorTag::kName:
      return Join(text, findings.info.name, findings);
    case DescriptorTag::kSerial:
      return Join(text, findings.info.serial_text, findings);
    case DescriptorTag::kText:
      return findings.info.texts.push_back(
          WithoutTrailingSpaces(ParseText(text, findings).text));
    case DescriptorTag::kRangeLimits:
      return ParseRangeLimits(bytes, findings);
    case DescriptorTag::kStandardTimings:
      return ParseStandardTimings(bytes.Part(5, 12), Formula::kAsTheDisplaySays,
                                  findings);
    case DescriptorTag::kEstablishedThree:
      return ParseEstablishedThree(bytes.Part(6, 6), findings);
    case DescriptorTag::kCvtCodes:
      if (bytes[5] != 1) {
        return findings.Undecoded("CVT codes of another version than 1",
                                  bytes.at);
      }
      return ParseCvtCodes(bytes.Part(6, 12), findings);
    case DescriptorTag::kUnused:
    case DescriptorTag::kColors:
    case DescriptorTag::kColorPoints:
      return;
  }
  if (tag > kMaxManufacturersTag) {
    findings.Undecoded(absl::StrFormat("descriptor with tag 0x%02x", tag),
                       bytes.at);
  }
}

}  // namespace

std::optional<Timing> ParseDescriptor(Section descriptor, Findings& findings) {
  const std::optional<Timing> timing =
      ParseDetailedTiming(descriptor.bytes.first<kDetailedTimingBytes>());
  if (!timing) {
    ParseTagged(descriptor, findings);
    return std::nullopt;
  }
  if (!IsCredible(*timing)) {
    findings.LeaveOut(*timing, descriptor.at);
    return std::nullopt;
  }
  findings.Add(*timing, descriptor.at);
  return timing;
}

bool SaysCvt(Section descriptor) {
  return descriptor.Le16(0) == 0 &&
         descriptor[3] == static_cast<uint8_t>(DescriptorTag::kRangeLimits) &&
         descriptor[kRangeKindOffset] == kRangeKindCvt;
}

}  // namespace oriel::capture::edid
