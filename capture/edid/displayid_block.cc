#include "capture/edid/displayid_block.h"

#include <algorithm>
#include <optional>
#include <string>

#include "capture/edid/block.h"
#include "capture/edid/cta_data_blocks.h"
#include "capture/edid/displayid_detailed.h"
#include "capture/edid/displayid_formulas.h"
#include "capture/edid/timing_codes.h"

namespace oriel::capture::edid {
namespace {

constexpr size_t kLengthOffset = 2;
constexpr size_t kDataOffset = 5;
// The section's own checksum lies before the block's.
constexpr size_t kMaxDataBytes = kChecksumOffset - 1 - kDataOffset;
constexpr size_t kHeaderBytes = 3;

// DisplayID 1.3, table 4-1, and 2.1, table 4-1. Those that tell neither timings
// nor names nor sizes are kNothing's.
enum class Tag : uint8_t {
  kProduct = 0x00,
  kParameters = 0x01,
  kTypeOne = 0x03,
  kTypeTwo = 0x04,
  kTypeThree = 0x05,
  kTypeFour = 0x06,
  kDmtBitmap = 0x07,
  kCtaBitmap = 0x08,
  kSerial = 0x0A,
  kText = 0x0B,
  kStereo = 0x10,
  kTypeFive = 0x11,
  kTypeSix = 0x13,
  kProductTwo = 0x20,
  kParametersTwo = 0x21,
  kTypeSeven = 0x22,
  kTypeEight = 0x23,
  kTypeNine = 0x24,
  kStereoTwo = 0x27,
  kTypeTen = 0x2A,
  kCta861 = 0x81,
};
constexpr uint8_t kNothing[] = {0x02, 0x09, 0x0C, 0x0D, 0x0E, 0x0F, 0x12, 0x25,
                                0x26, 0x28, 0x29, 0x2B, 0x2C, 0x2D, 0x2E};

struct DataBlock {
  uint8_t tag = 0;
  uint8_t revision = 0;  // and flags
  Section payload;
};

// What one entry of a list means. Empty: nothing can be computed from it.
using ParseEntry = std::optional<Timing> (*)(Section);
template <Timing (*parse)(Section)>
std::optional<Timing> Always(Section entry) {
  return parse(entry);
}

void AddEntries(Section payload, size_t entry_bytes, bool can_prefer,
                size_t flags_offset, ParseEntry parse, Findings& findings) {
  if (payload.size() % entry_bytes != 0) {
    findings.Problem(
        "the DisplayID data block at byte %d holds no whole number of timings "
        "of %d bytes",
        payload.at - kHeaderBytes, entry_bytes);
  }
  for (size_t i = 0; i + entry_bytes <= payload.size(); i += entry_bytes) {
    const Section entry = payload.Part(i, entry_bytes);
    const std::optional<Timing> timing = parse(entry);
    if (!timing) {
      findings.Problem("CVT has no timing for what is at byte %d", entry.at);
    } else if (can_prefer && (entry[flags_offset] & 0x80) != 0) {
      findings.AddPreferred(*timing, entry.at);
    } else {
      findings.Add(*timing, entry.at);
    }
  }
}

void AddTypeSix(Section payload, Findings& findings) {
  constexpr size_t kFlagsOffset = 2;
  for (size_t i = 0; i + kTypeSixBytes <= payload.size();) {
    const bool sized = (payload[i + kFlagsOffset] & 0x40) != 0;
    const size_t bytes = sized ? kTypeSixSizedBytes : kTypeSixBytes;
    if (bytes > payload.size() - i) {
      return findings.Problem("the timing at byte %d is cut off",
                              payload.at + i);
    }
    AddEntries(payload.Part(i, bytes), bytes, true, kFlagsOffset,
               Always<ParseTypeSix>, findings);
    i += bytes;
  }
}

void AddBitmap(Section bits, CodeKind kind, Findings& findings) {
  for (size_t i = 0; i < bits.size() * 8; ++i) {
    if ((bits[i / 8] & 1 << i % 8) == 0) continue;
    AddTimingCode(kind, static_cast<int>(i) + 1, bits.at + i / 8, findings);
  }
}

// Codes of timings that can be shown in stereo follow the interface's method.
void AddStereo(const DataBlock& block, Findings& findings) {
  const bool has_codes = (block.revision & 0x40) != 0;
  const Section& payload = block.payload;
  if (!has_codes || payload.size() == 0) return;
  for (size_t i = size_t{1} + payload[0]; i < payload.size();) {
    const size_t count = payload[i] & 0x1F;
    if (count >= payload.size() - i) {
      return findings.Problem("the timing codes at byte %d are cut off",
                              payload.at + i);
    }
    AddTimingCodes(static_cast<CodeKind>(payload[i] >> 6),
                   payload.Part(i + 1, count), 1, findings);
    i += 1 + count;
  }
}

void AddText(Section text, Findings& findings) {
  std::string parsed = WithoutTrailingSpaces(ParseText(text, findings).text);
  if (!parsed.empty()) findings.info.texts.push_back(std::move(parsed));
}

void AddProduct(Section payload, Findings& findings) {
  constexpr size_t kNameBytesOffset = 11;
  if (payload.size() <= kNameBytesOffset) return;
  const Section rest = payload.From(kNameBytesOffset + 1);
  const size_t said = payload[kNameBytesOffset];
  if (said > rest.size()) {
    findings.Problem("the name at byte %d is cut off", rest.at);
  }
  AddText(rest.Part(0, std::min(said, rest.size())), findings);
}

void AddSize(Section payload, int unit_tenth_mm, Findings& findings) {
  constexpr size_t kSizeBytes = 4;
  if (payload.size() < kSizeBytes) return;
  const PictureSize size = {payload.Le16(0) * unit_tenth_mm,
                            payload.Le16(2) * unit_tenth_mm};
  if (size.width_tenth_mm > 0 && size.height_tenth_mm > 0) {
    findings.info.exact_size = size;
  }
}

// Bits 4 to 6 of the revision: how much longer each entry is.
size_t LongerBy(const DataBlock& block) { return block.revision >> 4 & 7; }

void ParseTimings(const DataBlock& block, Findings& findings) {
  const Section& payload = block.payload;
  const auto add = [&](size_t bytes, bool can_prefer, size_t flags_offset,
                       ParseEntry parse) {
    AddEntries(payload, bytes, can_prefer, flags_offset, parse, findings);
  };
  const auto kind = static_cast<CodeKind>(block.revision >> 6);
  const bool two_byte_codes = (block.revision & 0x08) != 0;
  // From revision 2 on, the bit says something else.
  const bool can_prefer = (block.revision & 7) < 2;
  switch (static_cast<Tag>(block.tag)) {
    case Tag::kTypeOne:
      return add(kTypeOneBytes, can_prefer, 3, Always<ParseTypeOne>);
    case Tag::kTypeTwo:
      return add(kTypeTwoBytes, true, 3, Always<ParseTypeTwo>);
    case Tag::kTypeThree:
      return add(kTypeThreeBytes, true, 0, ParseTypeThree);
    case Tag::kTypeFour:
      return AddTimingCodes(kind, payload, 1, findings);
    case Tag::kTypeFive:
      return add(kTypeFiveBytes, true, 0, ParseTypeFive);
    case Tag::kTypeSix:
      return AddTypeSix(payload, findings);
    case Tag::kTypeSeven:
      return add(kTypeOneBytes + LongerBy(block), can_prefer, 3,
                 Always<ParseTypeSeven>);
    case Tag::kTypeEight:
      return AddTimingCodes(kind, payload, two_byte_codes ? 2 : 1, findings);
    case Tag::kTypeNine:
      return add(kTypeNineBytes, false, 0, ParseTypeNine);
    case Tag::kTypeTen:
      return add(kTypeTenBytes + LongerBy(block), false, 0, ParseTypeTen);
    default:
      return;
  }
}

void ParseDataBlock(const DataBlock& block, Findings& findings) {
  const Section& payload = block.payload;
  if (std::count(std::begin(kNothing), std::end(kNothing), block.tag) != 0) {
    return;
  }
  switch (static_cast<Tag>(block.tag)) {
    case Tag::kProduct:
    case Tag::kProductTwo:
      return AddProduct(payload, findings);
    case Tag::kParameters:
      return AddSize(payload, 1, findings);
    case Tag::kParametersTwo:
      return AddSize(payload, (block.revision & 0x80) != 0 ? 10 : 1, findings);
    case Tag::kSerial:
    case Tag::kText:
      return AddText(payload, findings);
    case Tag::kDmtBitmap:
      return AddBitmap(payload, CodeKind::kDmt, findings);
    case Tag::kCtaBitmap:
      return AddBitmap(payload, CodeKind::kCta, findings);
    case Tag::kStereo:
    case Tag::kStereoTwo:
      return AddStereo(block, findings);
    case Tag::kCta861:
      return ParseCtaDataBlocks(payload, findings);
    case Tag::kTypeOne:
    case Tag::kTypeTwo:
    case Tag::kTypeThree:
    case Tag::kTypeFour:
    case Tag::kTypeFive:
    case Tag::kTypeSix:
    case Tag::kTypeSeven:
    case Tag::kTypeEight:
    case Tag::kTypeNine:
    case Tag::kTypeTen:
      return ParseTimings(block, findings);
  }
  const bool is_vendors = block.tag == 0x7E || block.tag == 0x7F;
  findings.Undecoded(
      absl::StrFormat("DisplayID data block with %s tag 0x%02x",
                      is_vendors ? "a vendor's" : "the", block.tag),
      payload.at - kHeaderBytes);
}

}  // namespace

void ParseDisplayIdBlock(Section block, Findings& findings) {
  const size_t said = block[kLengthOffset];
  const size_t bytes = std::min(said, kMaxDataBytes);
  if (said > kMaxDataBytes) {
    findings.Problem(
        "the DisplayID section at byte %d says %d bytes of data, and %d fit",
        block.at, said, kMaxDataBytes);
  } else if (SumOf(block.bytes.subspan(1, kDataOffset + bytes)) != 0) {
    findings.Problem(
        "the checksum of the DisplayID section at byte %d is wrong", block.at);
  }
  const Section data = block.Part(kDataOffset, bytes);
  for (size_t i = 0; i + kHeaderBytes <= data.size();) {
    const size_t length = data[i + 2];
    const bool is_filler = data[i] == 0 && length == 0;
    if (is_filler) return;
    if (length > data.size() - i - kHeaderBytes) {
      return findings.Problem(
          "the DisplayID data block at byte %d reaches beyond its section",
          data.at + i);
    }
    ParseDataBlock({.tag = data[i],
                    .revision = data[i + 1],
                    .payload = data.Part(i + kHeaderBytes, length)},
                   findings);
    i += kHeaderBytes + length;
  }
}

}  // namespace oriel::capture::edid
