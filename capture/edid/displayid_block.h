#pragma once

#include "capture/edid/findings.h"

namespace oriel::capture::edid {

// A DisplayID section, version 1.x or 2.x, as an EDID's extension block carries
// it.
void ParseDisplayIdBlock(Section block, Findings& findings);

}  // namespace oriel::capture::edid
