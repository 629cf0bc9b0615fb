#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace oriel {

// Bands come and go with every frame, each large enough that the heap would
// take its pages from the kernel and give them back each time, which costs as
// much as filling them. So some megabytes of those that went are kept for the
// next ones of the same size. Thread-safe.

// Whatever bytes they held before.
std::vector<uint8_t> TakeBandPixels(size_t size_bytes);
void GiveBandPixels(std::vector<uint8_t> pixels);

}  // namespace oriel
