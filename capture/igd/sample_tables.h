#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/igd/build_vbt.h"

namespace oriel::capture::igd {

// A BDB version at the edge of a range, with a size that its children have.
struct TableShape {
  uint16_t bdb_version;
  uint8_t child_bytes;
};

// Both ends of every range of BDB versions, and every size of a child.
inline std::vector<TableShape> EveryTableShape() {
  std::vector<TableShape> shapes = {
      {100, 22}, {105, 22}, {106, 27}, {110, 27}, {111, 33}, {154, 33},
      {155, 33}, {194, 33}, {195, 37}, {196, 38}, {209, 38}, {212, 38},
      {215, 38}, {216, 39}, {221, 39}, {228, 39}, {229, 39}, {237, 39}};
  for (uint8_t size = 39; size <= 44; ++size) {
    shapes.push_back({238, size});
    shapes.push_back({266, size});
  }
  return shapes;
}

// A laptop's: a panel, a jack for HDMI, one for DisplayPort and HDMI.
inline std::vector<ChildDevice> SampleChildren() {
  return {{0x0008, 0x1806, 10, 3, 0x40},
          {0x0004, 0x60D2, 1, 5, 0},
          {0x0040, 0x60D6, 8, 4, 0x20}};
}

inline PanelMode FullHd() {
  return {.pixel_clock_khz = 148500,
          .width_px = 1920,
          .h_sync_start_px = 2008,
          .h_sync_end_px = 2052,
          .total_width_px = 2200,
          .height_px = 1080,
          .v_sync_start_px = 1084,
          .v_sync_end_px = 1089,
          .total_height_px = 1125};
}

inline PanelMode Wxga() {
  return {.pixel_clock_khz = 76590,
          .width_px = 1366,
          .h_sync_start_px = 1414,
          .h_sync_end_px = 1446,
          .total_width_px = 1616,
          .height_px = 768,
          .v_sync_start_px = 773,
          .v_sync_end_px = 778,
          .total_height_px = 790};
}

inline PanelMode BiosDefault() {
  return {.pixel_clock_khz = 65000,
          .width_px = 1024,
          .h_sync_start_px = 1048,
          .h_sync_end_px = 1184,
          .total_width_px = 1344,
          .height_px = 768,
          .v_sync_start_px = 771,
          .v_sync_end_px = 777,
          .total_height_px = 806};
}

// Sixteen panels of which each has an own name and ID; 9 is the Wxga one, 14
// the FullHd one, the others have the BiosDefault.
inline std::vector<LfpEntry> SamplePanels() {
  std::vector<LfpEntry> panels;
  for (uint8_t i = 0; i < 16; ++i) {
    panels.push_back({.mode = i == 9    ? Wxga()
                              : i == 14 ? FullHd()
                                        : BiosDefault(),
                      .pnp_id = {0x36, 0x7F, i, 0, 1, 2, 3, 4, 5, 20},
                      .name = "PANEL-" + std::to_string(i)});
  }
  return panels;
}

}  // namespace oriel::capture::igd
