#include "capture/edid/vtb_block.h"

#include <algorithm>
#include <optional>

#include "capture/edid/block.h"
#include "capture/edid/detailed_timing.h"
#include "capture/edid/standard_timings.h"

namespace oriel::capture::edid {
namespace {

constexpr size_t kDataOffset = 5;
constexpr size_t kCvtCodeBytes = 3;
constexpr size_t kStandardTimingBytes = 2;

// Cuts `count` entries off the front of `rest`, as many as are there.
Section Take(size_t count, size_t entry_bytes, Section& rest,
             Findings& findings) {
  const size_t room = rest.size() / entry_bytes;
  if (count > room) {
    findings.Problem(
        "the video timing block says that %d entries are at byte %d, and %d "
        "fit",
        count, rest.at, room);
  }
  const Section taken = rest.Part(0, std::min(count, room) * entry_bytes);
  // Nothing that follows what did not fit would be where it is said to be.
  rest = count > room ? rest.Part(0, 0) : rest.From(taken.size());
  return taken;
}

}  // namespace

void ParseVtbBlock(Section block, Findings& findings) {
  Section rest = block.Part(kDataOffset, kChecksumOffset - kDataOffset);
  const Section detailed = Take(block[2], kDetailedTimingBytes, rest, findings);
  for (size_t i = 0; i < detailed.size(); i += kDetailedTimingBytes) {
    const Section bytes = detailed.Part(i, kDetailedTimingBytes);
    const std::optional<Timing> timing =
        ParseDetailedTiming(bytes.bytes.first<kDetailedTimingBytes>());
    if (!timing) {
      findings.Problem("there is no timing at byte %d", bytes.at);
    } else if (IsCredible(*timing)) {
      findings.Add(*timing, bytes.at);
    } else {
      findings.LeaveOut(*timing, bytes.at);
    }
  }
  ParseCvtCodes(Take(block[3], kCvtCodeBytes, rest, findings), findings);
  ParseStandardTimings(Take(block[4], kStandardTimingBytes, rest, findings),
                       Formula::kGtf, findings);
}

}  // namespace oriel::capture::edid
