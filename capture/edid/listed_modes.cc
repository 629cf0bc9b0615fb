#include "capture/edid/listed_modes.h"

#include <cstddef>

namespace oriel::capture::edid {
namespace {

// From bit 7 of the first byte to bit 7 of the third; a width of 0 is the
// interlaced mode.
constexpr Mode kEstablished[] = {
    {720, 400, 70'000},   {720, 400, 88'000},  {640, 480, 60'000},
    {640, 480, 67'000},   {640, 480, 72'000},  {640, 480, 75'000},
    {800, 600, 56'000},   {800, 600, 60'000},  {800, 600, 72'000},
    {800, 600, 75'000},   {832, 624, 75'000},  {0, 0, 0},
    {1024, 768, 60'000},  {1024, 768, 70'000}, {1024, 768, 75'000},
    {1280, 1024, 75'000}, {1152, 870, 75'000}};

}  // namespace

std::vector<Mode> EstablishedModes(std::span<const uint8_t, 3> bytes) {
  std::vector<Mode> modes;
  for (size_t i = 0; i < std::size(kEstablished); ++i) {
    const bool is_set = (bytes[i / 8] & (0x80 >> i % 8)) != 0;
    if (is_set && kEstablished[i].width_px != 0) {
      modes.push_back(kEstablished[i]);
    }
  }
  return modes;
}

bool IsUnusedStandardTiming(uint8_t first, uint8_t second) {
  return first == 0x01 && second == 0x01;
}

std::optional<Mode> StandardMode(uint8_t first, uint8_t second, int revision) {
  if (first == 0) return std::nullopt;
  const struct {
    int across, down;
  } kAspects[] = {
      {revision < 3 ? 1 : 16, revision < 3 ? 1 : 10}, {4, 3}, {5, 4}, {16, 9}};
  const auto& aspect = kAspects[second >> 6];
  const int width_px = (first + 31) * 8;
  return Mode{.width_px = width_px,
              .height_px = width_px * aspect.down / aspect.across,
              .refresh_mhz = ((second & 0x3Fu) + 60) * 1000};
}

}  // namespace oriel::capture::edid
