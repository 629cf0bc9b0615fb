#pragma once

#include "capture/edid/findings.h"

namespace oriel::capture::edid {

// Whose numbers a list of timings holds (DisplayID 1.3, section 4.4.4).
enum class CodeKind { kDmt = 0, kCta = 1, kHdmi = 2, kReserved = 3 };

// A number that nobody knows is a problem.
void AddTimingCode(CodeKind kind, int code, size_t at, Findings& findings);

// Numbers of `code_bytes` each, 1 or 2, little-endian.
void AddTimingCodes(CodeKind kind, Section codes, size_t code_bytes,
                    Findings& findings);

}  // namespace oriel::capture::edid
