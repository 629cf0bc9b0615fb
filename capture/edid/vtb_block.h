#pragma once

#include "capture/edid/findings.h"

namespace oriel::capture::edid {

// VESA VTB-EXT, release A: an extension block of detailed timings, CVT codes
// and standard timings, which byte 2 to 4 count.
void ParseVtbBlock(Section block, Findings& findings);

}  // namespace oriel::capture::edid
