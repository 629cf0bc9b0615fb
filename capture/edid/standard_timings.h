#pragma once

#include "capture/edid/findings.h"

namespace oriel::capture::edid {

// VESA E-EDID 1.4, section 3.8: the base block's three bytes.
void ParseEstablished(Section bytes, Findings& findings);

// Section 3.10.3.9: the six bytes of established timings III.
void ParseEstablishedThree(Section bytes, Findings& findings);

// Section 3.9: pairs of bytes, each the code of a DMT timing or the argument of
// a formula. A VTB block knows GTF alone.
enum class Formula { kAsTheDisplaySays, kGtf };
void ParseStandardTimings(Section pairs, Formula formula, Findings& findings);

// Section 3.10.3.8: triples of bytes. Those of zeroes alone are unused.
void ParseCvtCodes(Section triples, Findings& findings);

}  // namespace oriel::capture::edid
