#pragma once

#include <cstddef>

#include "capture/edid/chance.h"
#include "capture/edid/generated_edid.h"

namespace oriel::capture::edid {

// A timing of type I or VII, whose clocks have different units.
Bytes LongTiming(Chance& chance, int clock_unit_khz, bool preferrable);

// A timing of type IX or X: formula, size, rate.
Bytes Formula(Chance& chance, size_t size, int max_formula);

// The data block of this kind, which is one of DisplayID's.
Bytes DisplayIdData(Chance& chance, BlockKind kind);

// A DisplayID block, without the block's own checksum.
Bytes DisplayIdBlock(const Bytes& data, int version);

}  // namespace oriel::capture::edid
