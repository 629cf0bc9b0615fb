#pragma once

#include "capture/edid/chance.h"
#include "capture/edid/generated_edid.h"

namespace oriel::capture::edid {

// The data block of this kind, and none where it is none of CTA-861's.
Bytes CtaData(Chance& chance, BlockKind kind);

// A data block whose tag follows in its first byte.
Bytes ExtendedBlock(int tag, Bytes payload);

// A CTA-861 block, without its checksum.
Bytes CtaBlock(const Bytes& data, const std::vector<Bytes>& descriptors);

}  // namespace oriel::capture::edid
