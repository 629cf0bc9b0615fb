#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace oriel::clients {

// The NAL units of an access unit, without start codes (H.264 Annex B.1);
// empty when there is no start code. They point into `access_unit`.
std::vector<std::span<const uint8_t>> SplitNalUnits(
    std::span<const uint8_t> access_unit);

// A keyframe's sequence and picture parameter sets, each behind a start code:
// what a file keeps beside its samples. kInvalidArgument when one of the two
// kinds is missing.
absl::StatusOr<std::vector<uint8_t>> ParameterSets(
    std::span<const uint8_t> keyframe);

}  // namespace oriel::clients
