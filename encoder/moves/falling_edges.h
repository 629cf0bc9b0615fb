#pragma once

#include <cstdint>
#include <vector>

namespace oriel::encoder {

// Bit i: pixel i is a larger number than its right neighbour, so the same
// content has the same bits wherever it stands. An area of one colour has none.
// `row` holds width_px pixels; the last one's bit is 0, and a word of zeros
// follows the words that are needed.
void FallingEdges(const uint8_t* row, int32_t width_px,
                  std::vector<uint64_t>& bits);

}  // namespace oriel::encoder
