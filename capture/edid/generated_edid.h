#pragma once

#include <cstdint>
#include <vector>

namespace oriel::capture::edid {

// Every kind of block that lists timings, names or sizes.
enum class BlockKind {
  kEstablished,
  kStandard,
  kStandardBeforeFormulas,  // EDID 1.1
  kStandardByCvt,
  kDetailed,
  kDetailedInterlaced,
  kEstablishedThree,
  kCvtCodes,
  kStandardDescriptor,
  kNames,
  kCtaDetailed,
  kCtaDescriptors,
  kCtaVideo,
  kCtaVideo420,
  kCtaHdmi,
  kCtaFormats,
  kCtaPreference,
  kCtaTypeSeven,
  kCtaTypeEight,
  kCtaTypeTen,
  kVtb,
  kParameters,
  kParametersTwo,
  kTypeOne,
  kTypeTwo,
  kTypeThree,
  kTypeFour,
  kDmtBitmap,
  kCtaBitmap,
  kStereo,
  kTypeFive,
  kTypeSix,
  kTypeSeven,
  kTypeEight,
  kTypeNine,
  kTypeTen,
  kCtaInDisplayId,
  kOverride,  // HDMI's, of more blocks than byte 126 says
};
inline constexpr int kBlockKinds = static_cast<int>(BlockKind::kOverride) + 1;

// An EDID with right checksums that has a block of this kind, filled with what
// the standards allow there. The same seed gives the same bytes.
std::vector<uint8_t> GenerateEdid(BlockKind kind, uint32_t seed);

void FixChecksums(std::vector<uint8_t>& edid);

}  // namespace oriel::capture::edid
