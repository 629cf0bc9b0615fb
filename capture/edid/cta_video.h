#pragma once

#include "capture/edid/findings.h"

namespace oriel::capture::edid {

// What CTA-861's data blocks say of timings, one function each kind. `payload`
// is what follows the tags.

// Short video descriptors: codes, some marked as native.
void ParseShortVideo(Section payload, Findings& findings);

// HDMI's vendor block, behind the vendor's number: codes of HDMI's own.
void ParseHdmiVideo(Section payload, Findings& findings);

// CTA-861.6's video format descriptors: a size and the rates that it has.
void ParseVideoFormats(Section payload, Findings& findings);

// Short video references: those of codes name timings, all others timings that
// another block lists.
void ParseVideoReferences(Section payload, Findings& findings);

// One such reference, and the picture's size.
void ParseNativeResolution(Section payload, Findings& findings);

// The product's name.
void ParseProductInformation(Section payload, Findings& findings);

// DisplayID's timings of three types.
void ParseTypeSevenBlock(Section payload, Findings& findings);
void ParseTypeEightBlock(Section payload, Findings& findings);
void ParseTypeTenBlock(Section payload, Findings& findings);

}  // namespace oriel::capture::edid
