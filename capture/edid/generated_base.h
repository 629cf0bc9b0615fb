#pragma once

#include "capture/edid/chance.h"
#include "capture/edid/generated_edid.h"

namespace oriel::capture::edid {

// Descriptors of 18 bytes, and what they hold.
Bytes Detailed(Chance& chance, bool interlaced);
Bytes Descriptor(uint8_t tag, Bytes body);
Bytes StandardTimings(Chance& chance, size_t count);
Bytes CvtCodes(Chance& chance, size_t count);

// A base block, and what `kind` adds to it.
Bytes BaseBlock(Chance& chance, BlockKind kind);

}  // namespace oriel::capture::edid
