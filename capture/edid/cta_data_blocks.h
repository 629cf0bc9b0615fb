#pragma once

#include <cstddef>

#include "capture/edid/findings.h"

namespace oriel::capture::edid {

// CTA-861's data blocks, one behind the other, as a CTA-861 block or a
// DisplayID data block holds them. The last one may not reach beyond `data`.
void ParseCtaDataBlocks(Section data, Findings& findings);

// Where the last of them ends as their own lengths say, which can be beyond
// `data`.
size_t EndOfCtaDataBlocks(Section data);

}  // namespace oriel::capture::edid
