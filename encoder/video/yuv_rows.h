#pragma once

#include <cstddef>
#include <cstdint>

namespace oriel::encoder {

// BT.709 in limited range, of BGRX pixels. Rows have at least one pixel; an odd
// row's last pixel counts twice, so that Y gets an even number of bytes.

// 4:2:0 of two rows: chroma is the mean of each two by two pixels.
void ConvertTwoRows(const uint8_t* upper, const uint8_t* lower, size_t width_px,
                    uint8_t* upper_y, uint8_t* lower_y, uint8_t* u, uint8_t* v);

// 4:4:4 of one row.
void ConvertRow(const uint8_t* row, size_t width_px, uint8_t* y, uint8_t* u,
                uint8_t* v);

}  // namespace oriel::encoder
