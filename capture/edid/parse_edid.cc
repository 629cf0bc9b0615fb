#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "capture/edid/block.h"
#include "capture/edid/cta_block.h"
#include "capture/edid/descriptor.h"
#include "capture/edid/displayid_block.h"
#include "capture/edid/edid.h"
#include "capture/edid/edid_info.h"
#include "capture/edid/extension_count.h"
#include "capture/edid/findings.h"
#include "capture/edid/standard_timings.h"
#include "capture/edid/vtb_block.h"

namespace oriel::capture::edid {
namespace {

void ParseIdentity(Section block, Findings& findings) {
  EdidInfo& info = findings.info;
  info.version = block[kVersionOffset];
  info.revision = block[kVersionOffset + 1];
  const uint32_t letters = uint32_t{block[kManufacturerOffset]} << 8 |
                           block[kManufacturerOffset + 1];
  for (int shift : {10, 5, 0}) {
    const uint32_t letter = letters >> shift & 0x1F;
    const bool is_letter = letter >= 1 && letter <= 26;
    info.manufacturer += is_letter ? static_cast<char>('A' + letter - 1) : '?';
  }
  if (info.manufacturer.find('?') != std::string::npos) {
    findings.Problem(
        "bytes 8 and 9 (0x%04x) are not a manufacturer's three letters",
        letters);
  }
  info.product_code = static_cast<uint16_t>(block.Le16(kProductOffset));
  info.serial_number = static_cast<uint32_t>(block.Le16(kSerialOffset)) |
                       static_cast<uint32_t>(block.Le16(kSerialOffset + 2))
                           << 16;
  const int week = block[kWeekOffset];
  if (week >= 1 && week <= 54) info.week = week;
  info.year = 1990 + block[kWeekOffset + 1];
  info.is_digital = (block[kBasicsOffset] & 0x80) != 0;
  // One of the two alone is an aspect ratio.
  if (block[kBasicsOffset + 1] != 0 && block[kBasicsOffset + 2] != 0) {
    info.width_cm = block[kBasicsOffset + 1];
    info.height_cm = block[kBasicsOffset + 2];
  }
}

Section DescriptorOf(Section block, size_t i) {
  return block.Part(kDescriptorsOffset + i * kDetailedTimingBytes,
                    kDetailedTimingBytes);
}

void ParseBase(Section block, Findings& findings) {
  if (!std::equal(kHeader.begin(), kHeader.end(), block.bytes.begin())) {
    findings.Problem(
        "bytes 0 to 7 are not quite the header 00 FF FF FF FF FF FF 00");
  }
  ParseIdentity(block, findings);
  ParseEstablished(block.Part(kEstablishedOffset, 3), findings);
  ParseStandardTimings(
      block.Part(kStandardOffset, kDescriptorsOffset - kStandardOffset),
      Formula::kAsTheDisplaySays, findings);
  for (size_t i = 0; i < kDescriptorCount; ++i) {
    const std::optional<Timing> timing =
        ParseDescriptor(DescriptorOf(block, i), findings);
    if (i != 0) continue;
    findings.info.preferred = timing;
    if (!timing) {
      findings.Problem("byte 54 has no detailed timing: none is preferred");
    }
  }
  if (const uint8_t sum = SumOf(block.bytes); sum != 0) {
    findings.Problem("the base block's bytes add up to 0x%02x, not to 0", sum);
  }
}

void ParseExtension(Section block, Findings& findings) {
  if (const uint8_t sum = SumOf(block.bytes); sum != 0) {
    findings.Problem(
        "the extension block at byte %d adds up to 0x%02x, not to 0", block.at,
        sum);
  }
  switch (static_cast<BlockTag>(block[0])) {
    case BlockTag::kCta861:
      return ParseCtaBlock(block, findings);
    case BlockTag::kVideoTimings:
      return ParseVtbBlock(block, findings);
    case BlockTag::kDisplayId:
      return ParseDisplayIdBlock(block, findings);
    case BlockTag::kBlockMap:  // it repeats the tags of the others
      return;
  }
  findings.Undecoded(
      absl::StrFormat("extension block with tag 0x%02x", block[0]), block.at);
}

// Standard timings, which come first, depend on it.
bool AnySaysCvt(Section base, std::span<const Section> extensions) {
  for (size_t i = 0; i < kDescriptorCount; ++i) {
    if (SaysCvt(DescriptorOf(base, i))) return true;
  }
  return std::any_of(extensions.begin(), extensions.end(), [](Section block) {
    return block[0] == static_cast<uint8_t>(BlockTag::kCta861) &&
           CtaSaysCvt(block);
  });
}

void CheckCount(std::span<const uint8_t> edid, Findings& findings) {
  const size_t said = ExtensionCount(edid);
  findings.info.extension_count = static_cast<int>(said);
  const std::optional<size_t> override_count = ExtensionOverride(edid);
  if (override_count && *override_count < edid[kExtensionCountOffset]) {
    findings.Problem(
        "HDMI's override (byte 134) says %d extension blocks, fewer than byte "
        "126, and does not count",
        *override_count);
  }
  if (edid.size() != (said + 1) * kBlockBytes) {
    findings.Problem(
        "%s says %d extension blocks, and %d bytes follow the base",
        ExtensionCountSource(edid), said, edid.size() - kBlockBytes);
  }
}

EdidInfo ParseBlocks(std::span<const uint8_t> edid) {
  Findings findings;
  const Section all = {edid};
  const size_t present = edid.size() / kBlockBytes - 1;
  std::vector<Section> extensions;
  for (size_t i = 1; i <= std::min(ExtensionCount(edid), present); ++i) {
    extensions.push_back(all.Part(i * kBlockBytes, kBlockBytes));
  }
  const Section base = all.Part(0, kBlockBytes);
  findings.supports_cvt = AnySaysCvt(base, extensions);
  ParseBase(base, findings);
  for (const Section& block : extensions) ParseExtension(block, findings);
  CheckCount(edid, findings);
  EdidInfo info = std::move(findings.info);
  info.name = WithoutTrailingSpaces(std::move(info.name));
  info.serial_text = WithoutTrailingSpaces(std::move(info.serial_text));
  return info;
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
  return ParseBlocks(edid);
}

}  // namespace oriel::capture::edid
