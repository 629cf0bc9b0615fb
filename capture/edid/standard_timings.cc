#include "capture/edid/standard_timings.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "capture/edid/cvt.h"
#include "capture/edid/dmt_timings.h"
#include "capture/edid/gtf.h"
#include "capture/edid/raster.h"

namespace oriel::capture::edid {
namespace {

// From bit 7 of the first byte to bit 7 of the third: numbers of DMT, but for
// IBM's and Apple's, which stand below.
constexpr int kIbm70 = -1, kIbm88 = -2, kApple67 = -3, kApple832 = -4,
              kApple1152 = -5;
constexpr int kEstablished[] = {kIbm70, kIbm88, 0x04, kApple67, 0x05,      0x06,
                                0x08,   0x09,   0x0A, 0x0B,     kApple832, 0x0F,
                                0x10,   0x11,   0x12, 0x24,     kApple1152};
constexpr Raster kOthers[] = {
    {28'320, 720, 18, 108, 54, 400, 21, 2, 26, kVerticalPositive},
    {35'500, 720, 18, 108, 54, 400, 12, 2, 35, kVerticalPositive},
    {30'240, 640, 64, 64, 96, 480, 3, 3, 39, kBothNegative},
    {57'284, 832, 32, 64, 224, 624, 1, 3, 39, kBothNegative},
    {100'000, 1152, 48, 128, 128, 870, 3, 3, 39, kBothPositive}};

// From bit 7 of the first byte on.
constexpr int kEstablishedThree[] = {
    0x01, 0x02, 0x03, 0x07, 0x0E, 0x0C, 0x13, 0x15, 0x16, 0x17, 0x18,
    0x19, 0x20, 0x21, 0x23, 0x25, 0x27, 0x2E, 0x2F, 0x30, 0x31, 0x29,
    0x2A, 0x2B, 0x2C, 0x39, 0x3A, 0x3B, 0x3C, 0x33, 0x34, 0x35, 0x36,
    0x37, 0x3E, 0x3F, 0x41, 0x42, 0x44, 0x45, 0x46, 0x47, 0x49, 0x4A};

struct Aspect {
  int across, down;
};

bool IsSet(Section bytes, size_t bit) {
  return (bytes[bit / 8] & 0x80 >> bit % 8) != 0;
}

void AddIfAny(const std::optional<Timing>& timing, size_t at,
              Findings& findings) {
  if (timing) return findings.Add(*timing, at);
  findings.Problem("no formula has a timing for what is at byte %d", at);
}

void AddByFormula(const Mode& mode, size_t at, Formula formula,
                  Findings& findings) {
  const int revision = findings.info.revision;
  const double refresh_hz = mode.refresh_mhz / 1000.0;
  if (formula == Formula::kAsTheDisplaySays && revision < 2) {
    findings.info.bare_modes.push_back(mode);
    return;
  }
  if (formula == Formula::kAsTheDisplaySays && revision >= 4 &&
      findings.supports_cvt) {
    AddIfAny(CvtTiming({.width_px = mode.width_px,
                        .height_px = mode.height_px,
                        .refresh_hz = refresh_hz}),
             at, findings);
  }
  // Sources of EDID 1.3 know GTF only, so such a display takes both.
  AddIfAny(GtfTiming(mode.width_px, mode.height_px, refresh_hz), at, findings);
}

// Before revision 3 one of the aspect ratios was another.
Mode ModeOf(uint8_t first, uint8_t second, bool has_square) {
  const Aspect aspects[] = {
      has_square ? Aspect{1, 1} : Aspect{16, 10}, {4, 3}, {5, 4}, {16, 9}};
  const Aspect aspect = aspects[second >> 6];
  const int width_px = (first + 31) * 8;
  return {.width_px = width_px,
          .height_px = width_px * aspect.down / aspect.across,
          .refresh_mhz = ((second & 0x3Fu) + 60) * 1000};
}

void AddCvtCode(Section code, Findings& findings) {
  constexpr Aspect kAspects[] = {{4, 3}, {16, 9}, {16, 10}, {15, 9}};
  // From bit 4 down, the last with reduced blanking.
  constexpr int kRatesHz[] = {50, 60, 75, 85, 60};
  const Aspect aspect = kAspects[code[1] >> 2 & 3];
  const int height_px = 2 * (1 + (code[0] | (code[1] & 0xF0) << 4));
  const int width_px = height_px * aspect.across / aspect.down / 8 * 8;
  for (size_t i = 0; i < std::size(kRatesHz); ++i) {
    if ((code[2] & 0x10 >> i) == 0) continue;
    const bool reduced = i + 1 == std::size(kRatesHz);
    AddIfAny(CvtTiming({.width_px = width_px,
                        .height_px = height_px,
                        .refresh_hz = static_cast<double>(kRatesHz[i]),
                        .blanking =
                            reduced ? Blanking::kReduced : Blanking::kNormal}),
             code.at, findings);
  }
}

}  // namespace

void ParseEstablished(Section bytes, Findings& findings) {
  for (size_t i = 0; i < std::size(kEstablished); ++i) {
    if (!IsSet(bytes, i)) continue;
    const int id = kEstablished[i];
    const std::optional<Timing> timing =
        id < 0 ? kOthers[-id - 1].timing() : DmtTiming(id);
    AddIfAny(timing, bytes.at + i / 8, findings);
  }
}

void ParseEstablishedThree(Section bytes, Findings& findings) {
  for (size_t i = 0; i < std::size(kEstablishedThree); ++i) {
    if (!IsSet(bytes, i)) continue;
    AddIfAny(DmtTiming(kEstablishedThree[i]), bytes.at + i / 8, findings);
  }
}

void ParseStandardTimings(Section pairs, Formula formula, Findings& findings) {
  for (size_t i = 0; i + 2 <= pairs.size(); i += 2) {
    const uint8_t first = pairs[i], second = pairs[i + 1];
    const size_t at = pairs.at + i;
    if (first == 0x01 && second == 0x01) continue;  // the filler
    if (first <= 0x01) {
      findings.Problem("the standard timing at byte %d is reserved", at);
      continue;
    }
    const std::optional<Timing> dmt = DmtTimingOfStandardCode(first, second);
    if (dmt) {
      findings.Add(*dmt, at);
      continue;
    }
    const bool has_square =
        formula == Formula::kAsTheDisplaySays && findings.info.revision < 3;
    AddByFormula(ModeOf(first, second, has_square), at, formula, findings);
  }
}

void ParseCvtCodes(Section triples, Findings& findings) {
  for (size_t i = 0; i + 3 <= triples.size(); i += 3) {
    const Section code = triples.Part(i, 3);
    const bool unused = std::all_of(code.bytes.begin(), code.bytes.end(),
                                    [](uint8_t byte) { return byte == 0; });
    if (!unused) AddCvtCode(code, findings);
  }
}

}  // namespace oriel::capture::edid
