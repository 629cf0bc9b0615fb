#pragma once

#include <cstddef>
#include <cstdint>

namespace oriel::capture {

// The loops over pixels' bytes, in the vectors that suit this processor.
// Nothing has to be aligned.

inline constexpr size_t kMaxRunPx = 64;

// `count` runs of run_bytes each, one behind the other: the index of the first
// in which `a` and `b` differ in the bits of `mask`, which is of each four
// bytes, little endian; `count` when none does. run_bytes is a multiple of four
// unless `mask` has every bit. Where `a` is being written, this says what it
// was at some time, and no two calls need agree.
size_t FirstDifference(const uint8_t* a, const uint8_t* b, size_t run_bytes,
                       size_t count, uint32_t mask);

// The same, and brings as many bytes of what is compared next near meanwhile:
// rows that lie apart take half as long again as neighbours otherwise, because
// the processor itself looks ahead inside a page only.
size_t FirstDifference(const uint8_t* a, const uint8_t* b, size_t run_bytes,
                       size_t count, uint32_t mask, const uint8_t* next_a,
                       const uint8_t* next_b);

// Copies up to kMaxRunPx pixels of four bytes, with the fourth set to 0xFF.
// Loads each byte of `in` once.
void LoadOpaque(const uint8_t* in, size_t count_px, uint8_t* out);

// Bit i: the pixels i of `a` and `b`, up to kMaxRunPx of four bytes, differ.
uint64_t DifferingPixels(const uint8_t* a, const uint8_t* b, size_t count_px);

}  // namespace oriel::capture
