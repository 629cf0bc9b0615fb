#pragma once

#include "capture/edid/findings.h"

namespace oriel::capture::edid {

// A CTA-861 extension block of any revision: its data blocks and its
// descriptors.
void ParseCtaBlock(Section block, Findings& findings);

// Its descriptors alone, for what has to be known before them all.
bool CtaSaysCvt(Section block);

}  // namespace oriel::capture::edid
