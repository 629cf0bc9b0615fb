#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace oriel::capture::igd {

// A timing. Lines and columns are counted from the first visible one.
struct PanelMode {
  uint32_t pixel_clock_khz = 0;
  uint32_t width_px = 0;
  uint32_t h_sync_start_px = 0;
  uint32_t h_sync_end_px = 0;
  uint32_t total_width_px = 0;
  uint32_t height_px = 0;
  uint32_t v_sync_start_px = 0;
  uint32_t v_sync_end_px = 0;
  uint32_t total_height_px = 0;
  // Read from a generic DTD (block 58), else from the LFP data (block 42).
  bool from_generic_dtd = false;
  friend bool operator==(const PanelMode&, const PanelMode&) = default;
};

// The frames per second; the totals are never 0 in a decoded mode.
double RefreshHz(const PanelMode& mode);

// Most firmware has no timing of its own but 1024x768: the real one is in the
// panel's EDID.
bool IsBiosDefault(const PanelMode& mode);

// Of an EDID's 18 bytes and of a generic DTD's 28. Empty when one is shorter
// or holds no mode. A sync that ends behind the total extends it (Linux 6.1,
// intel_bios.c, fill_detail_timing_data).
std::optional<PanelMode> DecodeDtd(std::span<const uint8_t> dtd);
std::optional<PanelMode> DecodeGenericDtd(std::span<const uint8_t> dtd);

}  // namespace oriel::capture::igd
