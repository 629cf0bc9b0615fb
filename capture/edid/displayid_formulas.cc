#include "capture/edid/displayid_formulas.h"

#include <iterator>

#include "capture/edid/cvt.h"

namespace oriel::capture::edid {
namespace {

struct Aspect {
  int across, down;
};

// VESA DisplayID 1.3, table 4-16; the last is said of an undefined one too.
constexpr Aspect kAspects[] = {{1, 1},   {5, 4},   {4, 3},     {15, 9}, {16, 9},
                               {16, 10}, {64, 27}, {256, 135}, {1, 1}};

Blanking BlankingOf(int formula) {
  switch (formula) {
    case 1:
      return Blanking::kReduced;
    case 2:
      return Blanking::kReducedV2;
    case 3:
      return Blanking::kReducedV3;
    default:
      return Blanking::kNormal;
  }
}

// DisplayID 2.1, section 4.3.7: in steps of eight pixels, up from 80, or up and
// down from 160.
int ReducedBlankPx(bool from_160, int steps) {
  if (!from_160) return 80 + 8 * steps;
  return steps <= 5 ? 160 + 8 * steps : 160 - 8 * (steps - 5);
}

}  // namespace

std::optional<Timing> ParseTypeThree(Section b) {
  const size_t aspect = b[0] & 0xF;
  if (aspect >= std::size(kAspects)) return std::nullopt;
  const int width_px = 8 + 8 * b[1];
  return CvtTiming(
      {.width_px = width_px,
       .height_px = width_px * kAspects[aspect].down / kAspects[aspect].across,
       .refresh_hz = 1.0 + (b[2] & 0x7F),
       .blanking =
           (b[0] >> 4 & 7) == 1 ? Blanking::kReduced : Blanking::kNormal,
       .interlaced = (b[2] & 0x80) != 0});
}

std::optional<Timing> ParseTypeFive(Section b) {
  return CvtTiming({.width_px = 1 + b.Le16(2),
                    .height_px = 1 + b.Le16(4),
                    .refresh_hz = 1.0 + b[6],
                    .blanking = Blanking::kReducedV2});
}

std::optional<Timing> ParseTypeNine(Section b) {
  const int formula = b[0] & 7;
  return CvtTiming(
      {.width_px = 1 + b.Le16(1),
       .height_px = 1 + b.Le16(3),
       .refresh_hz = 1.0 + b[5],
       .blanking = formula == 3 ? Blanking::kNormal : BlankingOf(formula)});
}

std::optional<Timing> ParseTypeTen(Section b) {
  const bool longer = b.size() > kTypeTenBytes;
  const int more = longer ? b[6] : 0;
  const bool rate_or_blank = (b[0] & 0x10) != 0;
  const Blanking blanking = BlankingOf(b[0] & 7);
  const bool third = blanking == Blanking::kReducedV3;
  return CvtTiming(
      {.width_px = 1 + b.Le16(1),
       .height_px = 1 + b.Le16(3),
       .refresh_hz = 1.0 + b[5] + ((more & 3) << 8),
       .blanking = blanking,
       .video_optimized = rate_or_blank && blanking == Blanking::kReducedV2,
       .h_blank_px = ReducedBlankPx(rate_or_blank, more >> 2 & 7),
       .min_v_blank_us = 460.0 + 35 * (more >> 5 & 7),
       .early_sync = third && (b[0] & 8) != 0});
}

}  // namespace oriel::capture::edid
