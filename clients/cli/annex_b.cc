#include "clients/cli/annex_b.h"

#include "absl/status/status.h"

namespace oriel::clients {
namespace {

// nal_unit_type, H.264 table 7-1.
constexpr uint8_t kSequenceParameterSet = 7;
constexpr uint8_t kPictureParameterSet = 8;

constexpr uint8_t kStartCode[] = {0, 0, 0, 1};

// The index of the next 00 00 01 at or after `from`, or the size.
size_t FindStartCode(std::span<const uint8_t> bytes, size_t from) {
  for (size_t i = from; i + 3 <= bytes.size(); ++i) {
    if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) return i;
  }
  return bytes.size();
}

}  // namespace

std::vector<std::span<const uint8_t>> SplitNalUnits(
    std::span<const uint8_t> access_unit) {
  std::vector<std::span<const uint8_t>> units;
  size_t start = FindStartCode(access_unit, 0);
  while (start < access_unit.size()) {
    const size_t begin = start + 3;
    start = FindStartCode(access_unit, begin);
    size_t end = start;
    // Zeros before a start code belong to it (B.1: trailing_zero_8bits).
    while (end > begin && access_unit[end - 1] == 0) --end;
    if (end > begin) units.push_back(access_unit.subspan(begin, end - begin));
  }
  return units;
}

absl::StatusOr<std::vector<uint8_t>> ParameterSets(
    std::span<const uint8_t> keyframe) {
  std::vector<uint8_t> sets;
  bool has_sequence = false;
  bool has_picture = false;
  for (const std::span<const uint8_t> unit : SplitNalUnits(keyframe)) {
    const uint8_t type = unit[0] & 0x1F;
    has_sequence |= type == kSequenceParameterSet;
    has_picture |= type == kPictureParameterSet;
    if (type != kSequenceParameterSet && type != kPictureParameterSet) continue;
    sets.insert(sets.end(), std::begin(kStartCode), std::end(kStartCode));
    sets.insert(sets.end(), unit.begin(), unit.end());
  }
  if (!has_sequence || !has_picture) {
    return absl::InvalidArgumentError(
        "a keyframe without its parameter sets cannot begin a file");
  }
  return sets;
}

}  // namespace oriel::clients
