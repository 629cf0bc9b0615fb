#include "capture/edid/cta_data_blocks.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "capture/edid/cta_video.h"
#include "capture/edid/timing_codes.h"

namespace oriel::capture::edid {
namespace {

constexpr int kExtended = 0x700;

// CTA-861-H, tables 53 and 54; the second kind has 7 before its number.
enum class Tag : int {
  kVideo = 2,
  kVendor = 3,
  kVideoFormat = 6,
  kVendorVideo = kExtended | 0x01,
  kNativeResolution = kExtended | 0x08,
  kPreference = kExtended | 0x0D,
  kVideo420 = kExtended | 0x0E,
  kVendorAudio = kExtended | 0x11,
  kProduct = kExtended | 0x21,
  kTypeSeven = kExtended | 0x22,
  kTypeEight = kExtended | 0x23,
  kTypeTen = kExtended | 0x2A,
  kHdmiOverride = kExtended | 0x78,
};
// Sound, colours, and what else says nothing of timings, names or sizes.
constexpr int kNothing[] = {
    1,
    4,
    5,
    kExtended | 0x00,
    kExtended | 0x02,
    kExtended | 0x05,
    kExtended | 0x06,
    kExtended | 0x07,
    kExtended | 0x0F,
    kExtended | 0x12,
    kExtended | 0x13,
    kExtended | 0x14,
    kExtended | 0x20,
    kExtended | 0x79,
    kExtended | 0x7A,
};

// Of vendors whose blocks are known to list no more timings: HDMI Forum, AMD,
// Microsoft, Dolby, HDR10+.
constexpr uint32_t kOuiHdmi = 0x000C03;
constexpr uint32_t kOuisOfNothing[] = {0xC45DD8, 0x00001A, 0xCA125C, 0x00D046,
                                       0x90848B};

struct DataBlock {
  int tag = 0;
  Section payload;
  size_t at = 0;
};

DataBlock BlockAt(Section data, size_t i, size_t length) {
  const int tag = data[i] >> 5;
  if (tag != kExtended >> 8 || length == 0) {
    return {tag, data.Part(i + 1, length), data.at + i};
  }
  return {kExtended | data[i + 1], data.Part(i + 2, length - 1), data.at + i};
}

void ParseVendor(const DataBlock& block, Findings& findings) {
  constexpr size_t kOuiBytes = 3;
  if (block.payload.size() < kOuiBytes) {
    return findings.Problem(
        "the data block at byte %d is too short for the "
        "vendor that it should name",
        block.at);
  }
  const uint32_t oui = block.payload.Le24(0);
  if (oui == kOuiHdmi) {
    return ParseHdmiVideo(block.payload.From(kOuiBytes), findings);
  }
  const bool known = std::count(std::begin(kOuisOfNothing),
                                std::end(kOuisOfNothing), oui) != 0;
  if (known) return;
  findings.Undecoded(
      absl::StrFormat("CTA-861 data block of the vendor %02X-%02X-%02X",
                      oui >> 16, oui >> 8 & 0xFF, oui & 0xFF),
      block.at);
}

void ParseDataBlock(const DataBlock& block, Findings& findings) {
  const Section& payload = block.payload;
  if (std::count(std::begin(kNothing), std::end(kNothing), block.tag) != 0) {
    return;
  }
  switch (static_cast<Tag>(block.tag)) {
    case Tag::kVideo:
    case Tag::kVideo420:
      return ParseShortVideo(payload, findings);
    case Tag::kVendor:
    case Tag::kVendorVideo:
    case Tag::kVendorAudio:
      return ParseVendor(block, findings);
    case Tag::kVideoFormat:
      return ParseVideoFormats(payload, findings);
    case Tag::kPreference:
      return ParseVideoReferences(payload, findings);
    case Tag::kNativeResolution:
      return ParseNativeResolution(payload, findings);
    case Tag::kProduct:
      return ParseProductInformation(payload, findings);
    case Tag::kTypeSeven:
      return ParseTypeSevenBlock(payload, findings);
    case Tag::kTypeEight:
      return ParseTypeEightBlock(payload, findings);
    case Tag::kTypeTen:
      return ParseTypeTenBlock(payload, findings);
    case Tag::kHdmiOverride:  // counted before (ExtensionCount)
      return;
  }
  findings.Undecoded(
      block.tag < kExtended
          ? absl::StrFormat("CTA-861 data block with tag %d", block.tag)
          : absl::StrFormat("CTA-861 data block with extended tag 0x%02x",
                            block.tag & 0xFF),
      block.at);
}

}  // namespace

void ParseCtaDataBlocks(Section data, Findings& findings) {
  for (size_t i = 0; i < data.size();) {
    const size_t length = data[i] & 0x1F;
    if (length >= data.size() - i) {
      return findings.Problem(
          "the data block at byte %d reaches beyond the data blocks",
          data.at + i);
    }
    ParseDataBlock(BlockAt(data, i, length), findings);
    i += 1 + length;
  }
}

size_t EndOfCtaDataBlocks(Section data) {
  size_t end = 0;
  while (end < data.size()) end += size_t{1} + (data[end] & 0x1F);
  return end;
}

}  // namespace oriel::capture::edid
