#include "capture/edid/cta_block.h"

#include <algorithm>
#include <optional>

#include "capture/edid/block.h"
#include "capture/edid/cta_data_blocks.h"
#include "capture/edid/descriptor.h"

namespace oriel::capture::edid {
namespace {

// CTA-861, section 7.5: byte 2 is where descriptors begin, and where revision
// 3's data blocks end; 0: there is neither.
constexpr size_t kDescriptorsAtOffset = 2;
constexpr size_t kDataOffset = 4;

bool IsEmpty(Section bytes) {
  return std::all_of(bytes.bytes.begin(), bytes.bytes.end(),
                     [](uint8_t byte) { return byte == 0; });
}

// Calls `visit` with each descriptor from `start` on, until padding begins.
template <typename Visit>
void ForEachDescriptor(Section block, size_t start, Visit visit) {
  for (size_t i = start; i + kDetailedTimingBytes <= kChecksumOffset;
       i += kDetailedTimingBytes) {
    const Section descriptor = block.Part(i, kDetailedTimingBytes);
    if (IsEmpty(descriptor)) return;
    visit(descriptor);
  }
}

// Whether what stands there is timings, each one possible, or descriptors.
bool LooksRight(Section block, size_t start) {
  bool right = true;
  ForEachDescriptor(block, start, [&](Section descriptor) {
    const std::optional<Timing> timing =
        ParseDetailedTiming(descriptor.bytes.first<kDetailedTimingBytes>());
    right =
        right && (!timing || (CanBeShown(*timing) && HasWholeSyncs(*timing)));
  });
  return right;
}

// Where the descriptors begin. A monitor that counted the bytes of its last
// data block wrong in one of both places means the place that makes sense.
size_t DescriptorsAt(Section block, size_t said, Findings& findings) {
  const Section data = block.Part(kDataOffset, said - kDataOffset);
  const size_t end = kDataOffset + EndOfCtaDataBlocks(data);
  if (end == said || LooksRight(block, said) || !LooksRight(block, end)) {
    return said;
  }
  findings.Problem(
      "the timings of the CTA-861 block at byte %d begin at %d, behind its "
      "data "
      "blocks, not at %d as it says",
      block.at, end, said);
  return end;
}

}  // namespace

void ParseCtaBlock(Section block, Findings& findings) {
  constexpr int kDataBlocksSince = 3;
  const int revision = block[1];
  const size_t said = block[kDescriptorsAtOffset];
  if (said == 0) return;
  if (said < kDataOffset || said > kChecksumOffset) {
    return findings.Problem(
        "the CTA-861 block at byte %d has its timings at %d, outside", block.at,
        said);
  }
  size_t start = said;
  if (revision >= kDataBlocksSince) {
    ParseCtaDataBlocks(block.Part(kDataOffset, said - kDataOffset), findings);
    start = DescriptorsAt(block, said, findings);
  }
  ForEachDescriptor(block, start, [&](Section descriptor) {
    ParseDescriptor(descriptor, findings);
  });
}

bool CtaSaysCvt(Section block) {
  const size_t said = block[kDescriptorsAtOffset];
  bool says = false;
  if (said < kDataOffset) return says;
  ForEachDescriptor(block, said, [&](Section descriptor) {
    says = says || SaysCvt(descriptor);
  });
  return says;
}

}  // namespace oriel::capture::edid
