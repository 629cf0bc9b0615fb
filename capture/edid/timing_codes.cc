#include "capture/edid/timing_codes.h"

#include <optional>

#include "capture/edid/cta_timings.h"
#include "capture/edid/dmt_timings.h"

namespace oriel::capture::edid {
namespace {

std::optional<Timing> TimingOf(CodeKind kind, int code) {
  switch (kind) {
    case CodeKind::kDmt:
      return DmtTiming(code);
    case CodeKind::kCta:
      return CtaTiming(code);
    case CodeKind::kHdmi:
      return HdmiTiming(code);
    case CodeKind::kReserved:
      return std::nullopt;
  }
  return std::nullopt;
}

const char* NameOf(CodeKind kind) {
  switch (kind) {
    case CodeKind::kDmt:
      return "DMT";
    case CodeKind::kCta:
      return "CTA-861";
    case CodeKind::kHdmi:
      return "HDMI";
    case CodeKind::kReserved:
      return "reserved";
  }
  return "unknown";
}

}  // namespace

void AddTimingCode(CodeKind kind, int code, size_t at, Findings& findings) {
  const std::optional<Timing> timing = TimingOf(kind, code);
  if (timing) return findings.Add(*timing, at);
  findings.Problem("the %s timing code %d at byte %d is not known",
                   NameOf(kind), code, at);
}

void AddTimingCodes(CodeKind kind, Section codes, size_t code_bytes,
                    Findings& findings) {
  for (size_t i = 0; i + code_bytes <= codes.size(); i += code_bytes) {
    AddTimingCode(kind, code_bytes == 2 ? codes.Le16(i) : codes[i],
                  codes.at + i, findings);
  }
}

}  // namespace oriel::capture::edid
