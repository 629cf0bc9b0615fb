#include "capture/edid/cta_timings.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "capture/edid/raster.h"

namespace oriel::capture::edid {
namespace {

struct CtaFormat {
  std::array<uint8_t, 2> codes;  // they differ in the picture's aspect only
  Raster raster;
};

// CTA-861-H's video formats by their codes (VIC). Clock, then active, front
// porch, sync, back porch across and down.
constexpr CtaFormat kCtaFormats[] = {
    {{1}, {25'175, 640, 16, 96, 48, 480, 10, 2, 33, kBothNegative}},
    {{2, 3}, {27'000, 720, 16, 62, 60, 480, 9, 6, 30, kBothNegative}},
    {{4, 69}, {74'250, 1280, 110, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{5},
     {74'250, 1920, 88, 44, 148, 1080, 2, 5, 15, kBothPositive | kInterlaced}},
    {{6, 7},
     {27'000, 1440, 38, 124, 114, 480, 4, 3, 15, kBothNegative | kInterlaced}},
    {{8, 9}, {27'000, 1440, 38, 124, 114, 240, 4, 3, 15, kBothNegative}},
    {{10, 11},
     {54'000, 2880, 76, 248, 228, 480, 4, 3, 15, kBothNegative | kInterlaced}},
    {{12, 13}, {54'000, 2880, 76, 248, 228, 240, 4, 3, 15, kBothNegative}},
    {{14, 15}, {54'000, 1440, 32, 124, 120, 480, 9, 6, 30, kBothNegative}},
    {{16, 76}, {148'500, 1920, 88, 44, 148, 1080, 4, 5, 36, kBothPositive}},
    {{17, 18}, {27'000, 720, 12, 64, 68, 576, 5, 5, 39, kBothNegative}},
    {{19, 68}, {74'250, 1280, 440, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{20},
     {74'250, 1920, 528, 44, 148, 1080, 2, 5, 15, kBothPositive | kInterlaced}},
    {{21, 22},
     {27'000, 1440, 24, 126, 138, 576, 2, 3, 19, kBothNegative | kInterlaced}},
    {{23, 24}, {27'000, 1440, 24, 126, 138, 288, 2, 3, 19, kBothNegative}},
    {{25, 26},
     {54'000, 2880, 48, 252, 276, 576, 2, 3, 19, kBothNegative | kInterlaced}},
    {{27, 28}, {54'000, 2880, 48, 252, 276, 288, 2, 3, 19, kBothNegative}},
    {{29, 30}, {54'000, 1440, 24, 128, 136, 576, 5, 5, 39, kBothNegative}},
    {{31, 75}, {148'500, 1920, 528, 44, 148, 1080, 4, 5, 36, kBothPositive}},
    {{32, 72}, {74'250, 1920, 638, 44, 148, 1080, 4, 5, 36, kBothPositive}},
    {{33, 73}, {74'250, 1920, 528, 44, 148, 1080, 4, 5, 36, kBothPositive}},
    {{34, 74}, {74'250, 1920, 88, 44, 148, 1080, 4, 5, 36, kBothPositive}},
    {{35, 36}, {108'000, 2880, 64, 248, 240, 480, 9, 6, 30, kBothNegative}},
    {{37, 38}, {108'000, 2880, 48, 256, 272, 576, 5, 5, 39, kBothNegative}},
    {{39},
     {72'000, 1920, 32, 168, 184, 1080, 23, 5, 57,
      kHorizontalPositive | kInterlaced | kWholeLines}},
    {{40},
     {148'500, 1920, 528, 44, 148, 1080, 2, 5, 15,
      kBothPositive | kInterlaced}},
    {{41, 70}, {148'500, 1280, 440, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{42, 43}, {54'000, 720, 12, 64, 68, 576, 5, 5, 39, kBothNegative}},
    {{44, 45},
     {54'000, 1440, 24, 126, 138, 576, 2, 3, 19, kBothNegative | kInterlaced}},
    {{46},
     {148'500, 1920, 88, 44, 148, 1080, 2, 5, 15, kBothPositive | kInterlaced}},
    {{47, 71}, {148'500, 1280, 110, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{48, 49}, {54'000, 720, 16, 62, 60, 480, 9, 6, 30, kBothNegative}},
    {{50, 51},
     {54'000, 1440, 38, 124, 114, 480, 4, 3, 15, kBothNegative | kInterlaced}},
    {{52, 53}, {108'000, 720, 12, 64, 68, 576, 5, 5, 39, kBothNegative}},
    {{54, 55},
     {108'000, 1440, 24, 126, 138, 576, 2, 3, 19, kBothNegative | kInterlaced}},
    {{56, 57}, {108'000, 720, 16, 62, 60, 480, 9, 6, 30, kBothNegative}},
    {{58, 59},
     {108'000, 1440, 38, 124, 114, 480, 4, 3, 15, kBothNegative | kInterlaced}},
    {{60, 65}, {59'400, 1280, 1760, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{61, 66}, {74'250, 1280, 2420, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{62, 67}, {74'250, 1280, 1760, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{63, 78}, {297'000, 1920, 88, 44, 148, 1080, 4, 5, 36, kBothPositive}},
    {{64, 77}, {297'000, 1920, 528, 44, 148, 1080, 4, 5, 36, kBothPositive}},
    {{79}, {59'400, 1680, 1360, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{80}, {59'400, 1680, 1228, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{81}, {59'400, 1680, 700, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{82}, {82'500, 1680, 260, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{83}, {99'000, 1680, 260, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{84}, {165'000, 1680, 60, 40, 220, 720, 5, 5, 95, kBothPositive}},
    {{85}, {198'000, 1680, 60, 40, 220, 720, 5, 5, 95, kBothPositive}},
    {{86}, {99'000, 2560, 998, 44, 148, 1080, 4, 5, 11, kBothPositive}},
    {{87}, {90'000, 2560, 448, 44, 148, 1080, 4, 5, 36, kBothPositive}},
    {{88}, {118'800, 2560, 768, 44, 148, 1080, 4, 5, 36, kBothPositive}},
    {{89}, {185'625, 2560, 548, 44, 148, 1080, 4, 5, 36, kBothPositive}},
    {{90}, {198'000, 2560, 248, 44, 148, 1080, 4, 5, 11, kBothPositive}},
    {{91}, {371'250, 2560, 218, 44, 148, 1080, 4, 5, 161, kBothPositive}},
    {{92}, {495'000, 2560, 548, 44, 148, 1080, 4, 5, 161, kBothPositive}},
    {{93, 103}, {297'000, 3840, 1276, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{94, 104}, {297'000, 3840, 1056, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{95, 105}, {297'000, 3840, 176, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{96, 106}, {594'000, 3840, 1056, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{97, 107}, {594'000, 3840, 176, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{98}, {297'000, 4096, 1020, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{99}, {297'000, 4096, 968, 88, 128, 2160, 8, 10, 72, kBothPositive}},
    {{100}, {297'000, 4096, 88, 88, 128, 2160, 8, 10, 72, kBothPositive}},
    {{101}, {594'000, 4096, 968, 88, 128, 2160, 8, 10, 72, kBothPositive}},
    {{102}, {594'000, 4096, 88, 88, 128, 2160, 8, 10, 72, kBothPositive}},
    {{108, 109}, {90'000, 1280, 960, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{110}, {99'000, 1680, 810, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {{111, 112}, {148'500, 1920, 638, 44, 148, 1080, 4, 5, 36, kBothPositive}},
    {{113}, {198'000, 2560, 998, 44, 148, 1080, 4, 5, 11, kBothPositive}},
    {{114, 116},
     {594'000, 3840, 1276, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{115}, {594'000, 4096, 1020, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{117, 119},
     {1'188'000, 3840, 1056, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{118, 120},
     {1'188'000, 3840, 176, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{121}, {396'000, 5120, 1996, 88, 296, 2160, 8, 10, 22, kBothPositive}},
    {{122}, {396'000, 5120, 1696, 88, 296, 2160, 8, 10, 22, kBothPositive}},
    {{123}, {396'000, 5120, 664, 88, 128, 2160, 8, 10, 22, kBothPositive}},
    {{124}, {742'500, 5120, 746, 88, 296, 2160, 8, 10, 297, kBothPositive}},
    {{125}, {742'500, 5120, 1096, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{126}, {742'500, 5120, 164, 88, 128, 2160, 8, 10, 72, kBothPositive}},
    {{127}, {1'485'000, 5120, 1096, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{193}, {1'485'000, 5120, 164, 88, 128, 2160, 8, 10, 72, kBothPositive}},
    {{194, 202},
     {1'188'000, 7680, 2552, 176, 592, 4320, 16, 20, 144, kBothPositive}},
    {{195, 203},
     {1'188'000, 7680, 2352, 176, 592, 4320, 16, 20, 44, kBothPositive}},
    {{196, 204},
     {1'188'000, 7680, 552, 176, 592, 4320, 16, 20, 44, kBothPositive}},
    {{197, 205},
     {2'376'000, 7680, 2552, 176, 592, 4320, 16, 20, 144, kBothPositive}},
    {{198, 206},
     {2'376'000, 7680, 2352, 176, 592, 4320, 16, 20, 44, kBothPositive}},
    {{199, 207},
     {2'376'000, 7680, 552, 176, 592, 4320, 16, 20, 44, kBothPositive}},
    {{200, 208},
     {4'752'000, 7680, 2112, 176, 592, 4320, 16, 20, 144, kBothPositive}},
    {{201, 209},
     {4'752'000, 7680, 352, 176, 592, 4320, 16, 20, 144, kBothPositive}},
    {{210},
     {1'485'000, 10'240, 1492, 176, 592, 4320, 16, 20, 594, kBothPositive}},
    {{211},
     {1'485'000, 10'240, 2492, 176, 592, 4320, 16, 20, 44, kBothPositive}},
    {{212},
     {1'485'000, 10'240, 288, 176, 296, 4320, 16, 20, 144, kBothPositive}},
    {{213},
     {2'970'000, 10'240, 1492, 176, 592, 4320, 16, 20, 594, kBothPositive}},
    {{214},
     {2'970'000, 10'240, 2492, 176, 592, 4320, 16, 20, 44, kBothPositive}},
    {{215},
     {2'970'000, 10'240, 288, 176, 296, 4320, 16, 20, 144, kBothPositive}},
    {{216},
     {5'940'000, 10'240, 2192, 176, 592, 4320, 16, 20, 144, kBothPositive}},
    {{217},
     {5'940'000, 10'240, 288, 176, 296, 4320, 16, 20, 144, kBothPositive}},
    {{218}, {1'188'000, 4096, 800, 88, 296, 2160, 8, 10, 72, kBothPositive}},
    {{219}, {1'188'000, 4096, 88, 88, 128, 2160, 8, 10, 72, kBothPositive}},
};

// HDMI 1.4's codes from 1 on: each is one of CTA-861's.
constexpr int kHdmiCodes[] = {95, 94, 93, 98};

// CTA-861.6's resolution identifiers (RID) from 1 on; those of two aspects are
// there twice.
constexpr Resolution kResolutions[] = {
    {1280, 720},   {1280, 720},   {1680, 720},   {1920, 1080},  {1920, 1080},
    {2560, 1080},  {3840, 1080},  {2560, 1440},  {3440, 1440},  {5120, 1440},
    {3840, 2160},  {3840, 2160},  {5120, 2160},  {7680, 2160},  {5120, 2880},
    {5120, 2880},  {6880, 2880},  {10240, 2880}, {7680, 4320},  {7680, 4320},
    {10240, 4320}, {15360, 4320}, {11520, 6480}, {11520, 6480}, {15360, 6480},
    {15360, 8640}, {15360, 8640}, {20480, 8640},
};

}  // namespace

std::optional<Timing> CtaTiming(int code) {
  for (const CtaFormat& format : kCtaFormats) {
    const auto& codes = format.codes;
    if (code != 0 && std::count(codes.begin(), codes.end(), code) != 0) {
      return format.raster.timing();
    }
  }
  return std::nullopt;
}

std::optional<Timing> HdmiTiming(int code) {
  if (code < 1 || code > static_cast<int>(std::size(kHdmiCodes))) {
    return std::nullopt;
  }
  return CtaTiming(kHdmiCodes[code - 1]);
}

std::optional<Resolution> CtaResolution(int id) {
  if (id < 1 || id > static_cast<int>(std::size(kResolutions))) {
    return std::nullopt;
  }
  return kResolutions[id - 1];
}

}  // namespace oriel::capture::edid
