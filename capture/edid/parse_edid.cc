#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "capture/edid/block.h"
#include "capture/edid/detailed_timing.h"
#include "capture/edid/edid.h"
#include "capture/edid/edid_info.h"
#include "capture/edid/listed_modes.h"

namespace oriel::capture::edid {
namespace {

using BlockBytes = std::span<const uint8_t, kBlockBytes>;
using DescriptorBytes = std::span<const uint8_t, kDetailedTimingBytes>;

constexpr uint8_t kCtaTag = 0x02;
constexpr size_t kCtaDataOffset = 4;
constexpr size_t kChecksumOffset = kBlockBytes - 1;
constexpr int kVideoDataBlock = 2;

// Collects what one EDID says; the position in messages is that in all of it.
class Parser {
 public:
  explicit Parser(std::span<const uint8_t> edid) : edid_(edid) {}

  EdidInfo Parse() && {
    ParseBase(edid_.first<kBlockBytes>());
    ParseExtensions();
    return std::move(info_);
  }

 private:
  void ParseBase(BlockBytes block);
  void ParseIdentity(BlockBytes block);
  void ParseDescriptor(DescriptorBytes bytes, size_t at);
  void ParseRangeLimits(DescriptorBytes bytes, size_t at);
  void AddStandardModes(std::span<const uint8_t> pairs, size_t at);
  void AddTiming(const Timing& timing, size_t at);
  std::string Text(DescriptorBytes bytes, size_t at);
  void ParseExtensions();
  void ParseCta(BlockBytes block, size_t at, ExtensionBlock& extension);
  void ParseCtaDataBlocks(std::span<const uint8_t> data, size_t at,
                          ExtensionBlock& extension);

  template <typename... Arguments>
  void Problem(const absl::FormatSpec<Arguments...>& format,
               const Arguments&... arguments) {
    info_.problems.push_back(absl::StrFormat(format, arguments...));
  }

  const std::span<const uint8_t> edid_;
  EdidInfo info_;
};

void Parser::ParseIdentity(BlockBytes block) {
  const uint32_t letters = uint32_t{block[kManufacturerOffset]} << 8 |
                           block[kManufacturerOffset + 1];
  for (int shift : {10, 5, 0}) {
    const uint32_t letter = letters >> shift & 0x1F;
    const bool is_letter = letter >= 1 && letter <= 26;
    info_.manufacturer += is_letter ? static_cast<char>('A' + letter - 1) : '?';
  }
  if (info_.manufacturer.find('?') != std::string::npos) {
    Problem("bytes 8 and 9 (0x%04x) are not a manufacturer's three letters",
            letters);
  }
  info_.product_code = static_cast<uint16_t>(block[kProductOffset] |
                                             block[kProductOffset + 1] << 8);
  for (size_t i = 0; i < 4; ++i) {
    info_.serial_number |= uint32_t{block[kSerialOffset + i]} << 8 * i;
  }
  const int week = block[kWeekOffset];
  if (week >= 1 && week <= 54) info_.week = week;
  info_.year = 1990 + block[kWeekOffset + 1];
  info_.is_digital = (block[kBasicsOffset] & 0x80) != 0;
  // One of the two alone is an aspect ratio.
  if (block[kBasicsOffset + 1] != 0 && block[kBasicsOffset + 2] != 0) {
    info_.width_cm = block[kBasicsOffset + 1];
    info_.height_cm = block[kBasicsOffset + 2];
  }
}

void Parser::ParseBase(BlockBytes block) {
  info_.version = block[kVersionOffset];
  info_.revision = block[kVersionOffset + 1];
  info_.extension_count = block[kExtensionCountOffset];
  if (!std::equal(kHeader.begin(), kHeader.end(), block.begin())) {
    Problem("bytes 0 to 7 are not quite the header 00 FF FF FF FF FF FF 00");
  }
  ParseIdentity(block);
  info_.listed_modes = EstablishedModes(block.subspan<kEstablishedOffset, 3>());
  AddStandardModes(
      block.subspan<kStandardOffset, kDescriptorsOffset - kStandardOffset>(),
      kStandardOffset);
  for (size_t i = 0; i < kDescriptorCount; ++i) {
    const size_t at = kDescriptorsOffset + i * kDetailedTimingBytes;
    const DescriptorBytes bytes(block.data() + at, kDetailedTimingBytes);
    const std::optional<Timing> timing = ParseDetailedTiming(bytes);
    if (!timing.has_value()) {
      ParseDescriptor(bytes, at);
      if (i == 0) Problem("byte 54 has no detailed timing: none is preferred");
      continue;
    }
    AddTiming(*timing, at);
    if (i == 0 && !info_.timings.empty()) info_.preferred = *timing;
  }
  if (const uint8_t sum = SumOf(block); sum != 0) {
    Problem("the base block's bytes add up to 0x%02x, not to 0", sum);
  }
}

void Parser::AddTiming(const Timing& timing, size_t at) {
  if (timing.width_px == 0 || timing.height_px == 0) {
    Problem("the timing at byte %d is %dx%d and left out", at, timing.width_px,
            timing.height_px);
    return;
  }
  if (timing.h_front_px + timing.h_sync_px > timing.h_blank_px ||
      timing.v_front_lines + timing.v_sync_lines > timing.v_blank_lines) {
    Problem("the syncs of the timing at byte %d reach beyond its blanking", at);
  }
  info_.timings.push_back(timing);
}

void Parser::AddStandardModes(std::span<const uint8_t> pairs, size_t at) {
  for (size_t i = 0; i + 2 <= pairs.size(); i += 2) {
    if (IsUnusedStandardTiming(pairs[i], pairs[i + 1])) continue;
    const std::optional<Mode> mode =
        StandardMode(pairs[i], pairs[i + 1], info_.revision);
    if (mode.has_value()) {
      info_.listed_modes.push_back(*mode);
    } else {
      Problem("the standard timing at byte %d is reserved", at + i);
    }
  }
}

std::string Parser::Text(DescriptorBytes bytes, size_t at) {
  const auto field = bytes.subspan<kTextOffset, kTextBytes>();
  std::string text;
  bool printable = true;
  for (uint8_t c : field) {
    if (c == '\n') break;
    const bool prints = c >= 0x20 && c < 0x7F;
    printable = printable && prints;
    text += prints ? static_cast<char>(c) : '?';
  }
  if (!printable) Problem("the text at byte %d is not printable ASCII", at);
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

void Parser::ParseRangeLimits(DescriptorBytes bytes, size_t at) {
  // Two bits of byte 4 each: 2 adds 255 to the larger limit, 3 to both.
  const auto lower = [](uint8_t byte, int bits) {
    return byte + (bits == 3 ? 255 : 0);
  };
  const auto upper = [](uint8_t byte, int bits) {
    return byte + (bits >= 2 ? 255 : 0);
  };
  const int refresh_bits = bytes[4] & 3;
  const int line_bits = bytes[4] >> 2 & 3;
  info_.range_limits = {.min_refresh_hz = lower(bytes[5], refresh_bits),
                        .max_refresh_hz = upper(bytes[6], refresh_bits),
                        .min_line_khz = lower(bytes[7], line_bits),
                        .max_line_khz = upper(bytes[8], line_bits),
                        .max_pixel_clock_mhz = bytes[9] * 10};
  if (info_.range_limits->min_refresh_hz > info_.range_limits->max_refresh_hz ||
      info_.range_limits->min_line_khz > info_.range_limits->max_line_khz) {
    Problem("the range limits at byte %d are less at most than at least", at);
  }
}

void Parser::ParseDescriptor(DescriptorBytes bytes, size_t at) {
  switch (static_cast<DescriptorTag>(bytes[3])) {
    case DescriptorTag::kName:
      info_.name = Text(bytes, at);
      break;
    case DescriptorTag::kSerial:
      info_.serial_text = Text(bytes, at);
      break;
    case DescriptorTag::kText:
      info_.texts.push_back(Text(bytes, at));
      break;
    case DescriptorTag::kRangeLimits:
      ParseRangeLimits(bytes, at);
      break;
    case DescriptorTag::kStandardTimings:
      AddStandardModes(bytes.subspan<5, 12>(), at + 5);
      break;
    case DescriptorTag::kUnused:
      break;
  }
}

void Parser::ParseExtensions() {
  const size_t said = static_cast<size_t>(info_.extension_count);
  const size_t present = edid_.size() / kBlockBytes - 1;
  for (size_t i = 1; i <= std::min(said, present); ++i) {
    const size_t at = i * kBlockBytes;
    const BlockBytes block(edid_.data() + at, kBlockBytes);
    ExtensionBlock extension{.tag = block[0], .revision = block[1]};
    if (const uint8_t sum = SumOf(block); sum != 0) {
      Problem("the extension block at byte %d adds up to 0x%02x, not to 0", at,
              sum);
    }
    if (extension.tag == kCtaTag) ParseCta(block, at, extension);
    info_.extensions.push_back(std::move(extension));
  }
  if (edid_.size() != (said + 1) * kBlockBytes) {
    Problem("byte 126 says %d extension blocks, and %d bytes follow the base",
            said, edid_.size() - kBlockBytes);
  }
}

void Parser::ParseCta(BlockBytes block, size_t at, ExtensionBlock& extension) {
  // CTA-861, section 7.5: byte 2 is where detailed timings begin, and where
  // revision 3's data blocks end; 0: there is neither.
  const size_t timings_at = block[2];
  if (timings_at == 0) return;
  if (timings_at < kCtaDataOffset || timings_at > kChecksumOffset) {
    Problem("the CTA-861 block at byte %d has its timings at %d, outside", at,
            timings_at);
    return;
  }
  if (extension.revision >= 3) {
    ParseCtaDataBlocks(block.first(timings_at).subspan(kCtaDataOffset),
                       at + kCtaDataOffset, extension);
  }
  for (size_t i = timings_at; i + kDetailedTimingBytes <= kChecksumOffset;
       i += kDetailedTimingBytes) {
    const std::optional<Timing> timing = ParseDetailedTiming(
        DescriptorBytes(block.data() + i, kDetailedTimingBytes));
    if (!timing.has_value()) return;
    AddTiming(*timing, at + i);
  }
}

void Parser::ParseCtaDataBlocks(std::span<const uint8_t> data, size_t at,
                                ExtensionBlock& extension) {
  for (size_t i = 0; i < data.size();) {
    const size_t length = data[i] & 0x1F;
    if (length >= data.size() - i) {
      Problem("the data block at byte %d reaches beyond the data blocks",
              at + i);
      return;
    }
    if (data[i] >> 5 == kVideoDataBlock) {
      for (uint8_t code : data.subspan(i + 1, length)) {
        // The top bit of codes up to 64 marks the monitor's native modes.
        const bool marked = code >= 129 && code <= 192;
        extension.video_codes.push_back(
            static_cast<uint8_t>(marked ? code - 128 : code));
      }
    }
    i += 1 + length;
  }
}

}  // namespace

absl::StatusOr<EdidInfo> ParseEdid(std::span<const uint8_t> edid) {
  constexpr int kMinHeaderBytes = 6;
  if (edid.size() < kBlockBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID of %d bytes: a base block has %d", edid.size(), kBlockBytes));
  }
  int right = 0;
  for (size_t i = 0; i < kHeader.size(); ++i) {
    right += edid[i] == kHeader[i] ? 1 : 0;
  }
  if (right < kMinHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID: %d of bytes 0 to 7 are the header's 00 FF FF FF FF FF FF 00, "
        "too few to go on",
        right));
  }
  if (edid[kVersionOffset] != 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "EDID: byte 18 says version %d; 1 is known", edid[kVersionOffset]));
  }
  return Parser(edid).Parse();
}

}  // namespace oriel::capture::edid
