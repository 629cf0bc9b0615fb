#include "capture/edid/cta_video.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "capture/edid/cta_timings.h"
#include "capture/edid/displayid_detailed.h"
#include "capture/edid/displayid_formulas.h"
#include "capture/edid/ovt.h"
#include "capture/edid/timing_codes.h"

namespace oriel::capture::edid {
namespace {

// One video format descriptor (CTA-861.6, section 7.5.6).
struct VideoFormat {
  int resolution = 0;
  bool has_24 = false, has_48 = false, has_144 = false;
  bool has_multiples_of_25 = false, has_multiples_of_30 = false;
  int multiples = 0;  // a bit for each of kMultiples
};
constexpr std::array<uint32_t, 6> kMultiples = {1, 2, 4, 8, 12, 16};

VideoFormat ParseVideoFormat(Section b) {
  // Shorter ones mean 30 and 60, with 25 and 50 where they say so.
  VideoFormat format = {.resolution = b[0] & 0x3F,
                        .has_24 = (b[0] & 0x40) != 0,
                        .has_multiples_of_25 = (b[0] & 0x80) != 0,
                        .has_multiples_of_30 = true,
                        .multiples = 0x03};
  if (b.size() > 1) {
    format.has_multiples_of_30 = (b[1] & 0x80) != 0;
    format.has_144 = (b[1] & 0x40) != 0;
    format.multiples = b[1] & 0x3F;
  }
  if (b.size() > 2) format.has_48 = (b[2] & 0x01) != 0;
  return format;
}

void AddVideoFormat(const VideoFormat& format, size_t at, Findings& findings) {
  const std::optional<Resolution> size = CtaResolution(format.resolution);
  if (!size) {
    if (format.resolution == 0) return;  // a filler
    return findings.Problem(
        "the resolution identifier %d at byte %d is not known",
        format.resolution, at);
  }
  const auto add = [&](uint32_t refresh_hz) {
    findings.Add(OvtTiming(size->width_px, size->height_px, refresh_hz), at);
  };
  if (format.has_24) add(24);
  if (format.has_48) add(48);
  if (format.has_144) add(144);
  for (size_t i = 0; i < kMultiples.size(); ++i) {
    if ((format.multiples & 1 << i) == 0) continue;
    if (format.has_multiples_of_25) add(25 * kMultiples[i]);
    if (format.has_multiples_of_30) add(30 * kMultiples[i]);
  }
}

// Longer by what bits 4 to 6 of the first byte say.
size_t EntryBytes(Section payload, size_t least) {
  return least + (payload[0] >> 4 & 7);
}

void TooShort(Section payload, Findings& findings) {
  findings.Problem("the data block before byte %d is too short for its kind",
                   payload.at);
}

}  // namespace

void ParseShortVideo(Section payload, Findings& findings) {
  for (size_t i = 0; i < payload.size(); ++i) {
    const uint8_t code = payload[i];
    // The top bit of codes up to 64 marks the monitor's native modes.
    const bool marked = code >= 129 && code <= 192;
    if (code == 0 || code == 128) continue;  // reserved, and used as a filler
    AddTimingCode(CodeKind::kCta, marked ? code - 128 : code, payload.at + i,
                  findings);
  }
}

void ParseHdmiVideo(Section payload, Findings& findings) {
  constexpr size_t kFlagsOffset = 4;
  constexpr uint8_t kHasLatency = 0x80, kHasInterlacedLatency = 0x40,
                    kHasVideo = 0x20;
  if (payload.size() <= kFlagsOffset) return;
  const uint8_t flags = payload[kFlagsOffset];
  if ((flags & kHasVideo) == 0) return;
  size_t lengths_at = kFlagsOffset + 2;
  if ((flags & kHasLatency) != 0) {
    lengths_at += (flags & kHasInterlacedLatency) != 0 ? 4 : 2;
  }
  if (lengths_at >= payload.size()) return TooShort(payload, findings);
  const size_t said = payload[lengths_at] >> 5;
  const Section rest = payload.From(lengths_at + 1);
  if (said > rest.size()) TooShort(payload, findings);
  AddTimingCodes(CodeKind::kHdmi, rest.Part(0, std::min(said, rest.size())), 1,
                 findings);
}

void ParseVideoFormats(Section payload, Findings& findings) {
  if (payload.size() == 0) return TooShort(payload, findings);
  const size_t entry_bytes = (payload[0] & 3) + size_t{1};
  const Section entries = payload.From(1);
  if (entries.size() % entry_bytes != 0) {
    return findings.Problem(
        "the video formats at byte %d are no whole number of %d bytes each",
        entries.at, entry_bytes);
  }
  for (size_t i = 0; i < entries.size(); i += entry_bytes) {
    const Section entry = entries.Part(i, entry_bytes);
    AddVideoFormat(ParseVideoFormat(entry), entry.at, findings);
  }
}

void ParseVideoReferences(Section payload, Findings& findings) {
  for (size_t i = 0; i < payload.size(); ++i) {
    const int code = payload[i];
    const bool is_code =
        (code >= 1 && code <= 127) || (code >= 193 && code <= 253);
    if (is_code) {
      AddTimingCode(CodeKind::kCta, code, payload.at + i, findings);
    }
  }
}

void ParseNativeResolution(Section payload, Findings& findings) {
  constexpr size_t kSizeOffset = 2, kSizeBytes = 4;
  if (payload.size() == 0) return TooShort(payload, findings);
  ParseVideoReferences(payload.Part(0, 1), findings);
  if (payload.size() == 1 || (payload[1] & 0x01) == 0) return;
  if (payload.size() < kSizeOffset + kSizeBytes) {
    return TooShort(payload, findings);
  }
  const int unit_tenth_mm = (payload[1] & 0x80) != 0 ? 10 : 1;
  const PictureSize size = {payload.Le16(kSizeOffset) * unit_tenth_mm,
                            payload.Le16(kSizeOffset + 2) * unit_tenth_mm};
  if (size.width_tenth_mm > 0 && size.height_tenth_mm > 0) {
    findings.info.exact_size = size;
  }
}

void ParseProductInformation(Section payload, Findings& findings) {
  constexpr size_t kNameOffset = 4;
  if (payload.size() <= kNameOffset) return;
  std::string name = WithoutTrailingSpaces(
      ParseText(payload.From(kNameOffset), findings).text);
  if (!name.empty()) findings.info.texts.push_back(std::move(name));
}

void ParseTypeSevenBlock(Section payload, Findings& findings) {
  if (payload.size() < 1 + kTypeOneBytes) return TooShort(payload, findings);
  findings.Add(ParseTypeSeven(payload.Part(1, kTypeOneBytes)), payload.at + 1);
}

void ParseTypeEightBlock(Section payload, Findings& findings) {
  if (payload.size() < 2) return TooShort(payload, findings);
  AddTimingCodes(static_cast<CodeKind>(payload[0] >> 6), payload.From(1),
                 (payload[0] & 0x08) != 0 ? 2 : 1, findings);
}

void ParseTypeTenBlock(Section payload, Findings& findings) {
  if (payload.size() == 0) return TooShort(payload, findings);
  const size_t entry_bytes = EntryBytes(payload, kTypeTenBytes);
  const Section entries = payload.From(1);
  if (entries.size() < entry_bytes) return TooShort(payload, findings);
  for (size_t i = 0; i + entry_bytes <= entries.size(); i += entry_bytes) {
    const Section entry = entries.Part(i, entry_bytes);
    const std::optional<Timing> timing = ParseTypeTen(entry);
    if (timing) {
      findings.Add(*timing, entry.at);
    } else {
      findings.Problem("CVT has no timing for what is at byte %d", entry.at);
    }
  }
}

}  // namespace oriel::capture::edid
