#pragma once

#include <array>
#include <cstdint>

#include "capture/edid/edid.h"

namespace oriel::capture::edid {

// An extension block of DisplayID 1.3 whose one timing is preferred. It tells
// `manufacturer`'s three letters and the serial number again, as the standard
// asks for, and the picture's size in pixels and millimetres.
std::array<uint8_t, kBlockBytes> BuildDisplayIdBlock(
    const Timing& timing, const char (&manufacturer)[4],
    uint32_t serial_number);

}  // namespace oriel::capture::edid
