#include "capture/edid/dmt_timings.h"

#include <algorithm>
#include <iterator>

#include "capture/edid/raster.h"

namespace oriel::capture::edid {
namespace {

struct Dmt {
  uint16_t standard_code;  // 0: there is none
  Raster raster;
};

// VESA DMT 1.13: its numbers (DMT ID) from 1 on. Clock, then
// active, front porch, sync, back porch across and down.
constexpr Dmt kDmts[] = {
    {0x0000, {31'500, 640, 32, 64, 96, 350, 32, 3, 60, kHorizontalPositive}},
    {0x3119, {31'500, 640, 32, 64, 96, 400, 1, 3, 41, kVerticalPositive}},
    {0x0000, {35'500, 720, 36, 72, 108, 400, 1, 3, 42, kVerticalPositive}},
    {0x3140, {25'175, 640, 16, 96, 48, 480, 10, 2, 33, kBothNegative}},
    {0x314C, {31'500, 640, 24, 40, 128, 480, 9, 3, 28, kBothNegative}},
    {0x314F, {31'500, 640, 16, 64, 120, 480, 1, 3, 16, kBothNegative}},
    {0x3159, {36'000, 640, 56, 56, 80, 480, 1, 3, 25, kBothNegative}},
    {0x0000, {36'000, 800, 24, 72, 128, 600, 1, 2, 22, kBothPositive}},
    {0x4540, {40'000, 800, 40, 128, 88, 600, 1, 4, 23, kBothPositive}},
    {0x454C, {50'000, 800, 56, 120, 64, 600, 37, 6, 23, kBothPositive}},
    {0x454F, {49'500, 800, 16, 80, 160, 600, 1, 3, 21, kBothPositive}},
    {0x4559, {56'250, 800, 32, 64, 152, 600, 1, 3, 27, kBothPositive}},
    {0x0000, {73'250, 800, 48, 32, 80, 600, 3, 4, 29, kHorizontalPositive}},
    {0x0000, {33'750, 848, 16, 112, 112, 480, 6, 8, 23, kBothPositive}},
    {0x0000,
     {44'900, 1024, 8, 176, 56, 768, 0, 4, 20, kBothPositive | kInterlaced}},
    {0x6140, {65'000, 1024, 24, 136, 160, 768, 3, 6, 29, kBothNegative}},
    {0x614C, {75'000, 1024, 24, 136, 144, 768, 3, 6, 29, kBothNegative}},
    {0x614F, {78'750, 1024, 16, 96, 176, 768, 1, 3, 28, kBothPositive}},
    {0x6159, {94'500, 1024, 48, 96, 208, 768, 1, 3, 36, kBothPositive}},
    {0x0000, {115'500, 1024, 48, 32, 80, 768, 3, 4, 38, kHorizontalPositive}},
    {0x714F, {108'000, 1152, 64, 128, 256, 864, 1, 3, 32, kBothPositive}},
    {0x0000, {68'250, 1280, 48, 32, 80, 768, 3, 7, 12, kHorizontalPositive}},
    {0x0000, {79'500, 1280, 64, 128, 192, 768, 3, 7, 20, kVerticalPositive}},
    {0x0000, {102'250, 1280, 80, 128, 208, 768, 3, 7, 27, kVerticalPositive}},
    {0x0000, {117'500, 1280, 80, 136, 216, 768, 3, 7, 31, kVerticalPositive}},
    {0x0000, {140'250, 1280, 48, 32, 80, 768, 3, 7, 35, kHorizontalPositive}},
    {0x0000, {71'000, 1280, 48, 32, 80, 800, 3, 6, 14, kHorizontalPositive}},
    {0x8100, {83'500, 1280, 72, 128, 200, 800, 3, 6, 22, kVerticalPositive}},
    {0x810F, {106'500, 1280, 80, 128, 208, 800, 3, 6, 29, kVerticalPositive}},
    {0x8119, {122'500, 1280, 80, 136, 216, 800, 3, 6, 34, kVerticalPositive}},
    {0x0000, {146'250, 1280, 48, 32, 80, 800, 3, 6, 38, kHorizontalPositive}},
    {0x8140, {108'000, 1280, 96, 112, 312, 960, 1, 3, 36, kBothPositive}},
    {0x8159, {148'500, 1280, 64, 160, 224, 960, 1, 3, 47, kBothPositive}},
    {0x0000, {175'500, 1280, 48, 32, 80, 960, 3, 4, 50, kHorizontalPositive}},
    {0x8180, {108'000, 1280, 48, 112, 248, 1024, 1, 3, 38, kBothPositive}},
    {0x818F, {135'000, 1280, 16, 144, 248, 1024, 1, 3, 38, kBothPositive}},
    {0x8199, {157'500, 1280, 64, 160, 224, 1024, 1, 3, 44, kBothPositive}},
    {0x0000, {187'250, 1280, 48, 32, 80, 1024, 3, 7, 50, kHorizontalPositive}},
    {0x0000, {85'500, 1360, 64, 112, 256, 768, 3, 6, 18, kBothPositive}},
    {0x0000, {148'250, 1360, 48, 32, 80, 768, 3, 5, 37, kHorizontalPositive}},
    {0x0000, {101'000, 1400, 48, 32, 80, 1050, 3, 4, 23, kHorizontalPositive}},
    {0x9040, {121'750, 1400, 88, 144, 232, 1050, 3, 4, 32, kVerticalPositive}},
    {0x904F, {156'000, 1400, 104, 144, 248, 1050, 3, 4, 42, kVerticalPositive}},
    {0x9059, {179'500, 1400, 104, 152, 256, 1050, 3, 4, 48, kVerticalPositive}},
    {0x0000, {208'000, 1400, 48, 32, 80, 1050, 3, 4, 55, kHorizontalPositive}},
    {0x0000, {88'750, 1440, 48, 32, 80, 900, 3, 6, 17, kHorizontalPositive}},
    {0x9500, {106'500, 1440, 80, 152, 232, 900, 3, 6, 25, kVerticalPositive}},
    {0x950F, {136'750, 1440, 96, 152, 248, 900, 3, 6, 33, kVerticalPositive}},
    {0x9519, {157'000, 1440, 104, 152, 256, 900, 3, 6, 39, kVerticalPositive}},
    {0x0000, {182'750, 1440, 48, 32, 80, 900, 3, 6, 44, kHorizontalPositive}},
    {0xA940, {162'000, 1600, 64, 192, 304, 1200, 1, 3, 46, kBothPositive}},
    {0xA945, {175'500, 1600, 64, 192, 304, 1200, 1, 3, 46, kBothPositive}},
    {0xA94A, {189'000, 1600, 64, 192, 304, 1200, 1, 3, 46, kBothPositive}},
    {0xA94F, {202'500, 1600, 64, 192, 304, 1200, 1, 3, 46, kBothPositive}},
    {0xA959, {229'500, 1600, 64, 192, 304, 1200, 1, 3, 46, kBothPositive}},
    {0x0000, {268'250, 1600, 48, 32, 80, 1200, 3, 4, 64, kHorizontalPositive}},
    {0x0000, {119'000, 1680, 48, 32, 80, 1050, 3, 6, 21, kHorizontalPositive}},
    {0xB300, {146'250, 1680, 104, 176, 280, 1050, 3, 6, 30, kVerticalPositive}},
    {0xB30F, {187'000, 1680, 120, 176, 296, 1050, 3, 6, 40, kVerticalPositive}},
    {0xB319, {214'750, 1680, 128, 176, 304, 1050, 3, 6, 46, kVerticalPositive}},
    {0x0000, {245'500, 1680, 48, 32, 80, 1050, 3, 6, 53, kHorizontalPositive}},
    {0xC140, {204'750, 1792, 128, 200, 328, 1344, 1, 3, 46, kVerticalPositive}},
    {0xC14F, {261'000, 1792, 96, 216, 352, 1344, 1, 3, 69, kVerticalPositive}},
    {0x0000, {333'250, 1792, 48, 32, 80, 1344, 3, 4, 72, kHorizontalPositive}},
    {0xC940, {218'250, 1856, 96, 224, 352, 1392, 1, 3, 43, kVerticalPositive}},
    {0xC94F,
     {288'000, 1856, 128, 224, 352, 1392, 1, 3, 104, kVerticalPositive}},
    {0x0000, {356'500, 1856, 48, 32, 80, 1392, 3, 4, 74, kHorizontalPositive}},
    {0x0000, {154'000, 1920, 48, 32, 80, 1200, 3, 6, 26, kHorizontalPositive}},
    {0xD100, {193'250, 1920, 136, 200, 336, 1200, 3, 6, 36, kVerticalPositive}},
    {0xD10F, {245'250, 1920, 136, 208, 344, 1200, 3, 6, 46, kVerticalPositive}},
    {0xD119, {281'250, 1920, 144, 208, 352, 1200, 3, 6, 53, kVerticalPositive}},
    {0x0000, {317'000, 1920, 48, 32, 80, 1200, 3, 6, 62, kHorizontalPositive}},
    {0xD140, {234'000, 1920, 128, 208, 344, 1440, 1, 3, 56, kVerticalPositive}},
    {0xD14F, {297'000, 1920, 144, 224, 352, 1440, 1, 3, 56, kVerticalPositive}},
    {0x0000, {380'500, 1920, 48, 32, 80, 1440, 2, 3, 78, kHorizontalPositive}},
    {0x0000, {268'500, 2560, 48, 32, 80, 1600, 3, 6, 37, kHorizontalPositive}},
    {0x0000, {348'500, 2560, 192, 280, 472, 1600, 3, 6, 49, kVerticalPositive}},
    {0x0000, {443'250, 2560, 208, 280, 488, 1600, 3, 6, 63, kVerticalPositive}},
    {0x0000, {505'250, 2560, 208, 280, 488, 1600, 3, 6, 73, kVerticalPositive}},
    {0x0000, {552'750, 2560, 48, 32, 80, 1600, 3, 6, 85, kHorizontalPositive}},
    {0x0000, {85'500, 1366, 70, 143, 213, 768, 3, 3, 24, kBothPositive}},
    {0xD1C0, {148'500, 1920, 88, 44, 148, 1080, 4, 5, 36, kBothPositive}},
    {0xA9C0, {108'000, 1600, 24, 80, 96, 900, 1, 3, 96, kBothPositive}},
    {0xE1C0, {162'000, 2048, 26, 80, 96, 1152, 1, 3, 44, kBothPositive}},
    {0x81C0, {74'250, 1280, 110, 40, 220, 720, 5, 5, 20, kBothPositive}},
    {0x0000, {72'000, 1366, 14, 56, 64, 768, 1, 3, 28, kBothPositive}},
    {0x0000, {556'744, 4096, 8, 32, 40, 2160, 48, 8, 6, kHorizontalPositive}},
    {0x0000, {556'188, 4096, 8, 32, 40, 2160, 48, 8, 6, kHorizontalPositive}},
};

}  // namespace

std::optional<Timing> DmtTiming(int id) {
  if (id < 1 || id > static_cast<int>(std::size(kDmts))) return std::nullopt;
  return kDmts[id - 1].raster.timing();
}

std::optional<Timing> DmtTimingOfStandardCode(uint8_t first, uint8_t second) {
  const int code = first << 8 | second;
  if (code == 0) return std::nullopt;
  const auto* found =
      std::find_if(std::begin(kDmts), std::end(kDmts),
                   [&](const Dmt& dmt) { return dmt.standard_code == code; });
  if (found == std::end(kDmts)) return std::nullopt;
  return found->raster.timing();
}

}  // namespace oriel::capture::edid
