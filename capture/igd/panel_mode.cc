#include "capture/igd/panel_mode.h"

#include "capture/igd/layout.h"
#include "capture/igd/little_endian.h"

namespace oriel::capture::igd {
namespace {

// One direction of a timing, as both formats give it.
struct Axis {
  uint32_t active = 0;
  uint32_t blank = 0;
  uint32_t front_porch = 0;
  uint32_t sync = 0;

  uint32_t sync_start() const { return active + front_porch; }
  uint32_t sync_end() const { return sync_start() + sync; }
  uint32_t total() const {
    return sync_end() > active + blank ? sync_end() + 1 : active + blank;
  }
};

std::optional<PanelMode> ModeOf(uint32_t clock_khz, const Axis& horizontal,
                                const Axis& vertical) {
  if (clock_khz == 0 || horizontal.active == 0 || vertical.active == 0) {
    return std::nullopt;
  }
  return PanelMode{
      .pixel_clock_khz = clock_khz,
      .width_px = horizontal.active,
      .h_sync_start_px = horizontal.sync_start(),
      .h_sync_end_px = horizontal.sync_end(),
      .total_width_px = horizontal.total(),
      .height_px = vertical.active,
      .v_sync_start_px = vertical.sync_start(),
      .v_sync_end_px = vertical.sync_end(),
      .total_height_px = vertical.total(),
  };
}

uint32_t Joined(uint32_t low, uint32_t high, unsigned low_bits) {
  return low | high << low_bits;
}

}  // namespace

double RefreshHz(const PanelMode& mode) {
  return mode.pixel_clock_khz * 1000.0 /
         (static_cast<double>(mode.total_width_px) * mode.total_height_px);
}

bool IsBiosDefault(const PanelMode& mode) {
  return mode.width_px == 1024 && mode.height_px == 768;
}

// VESA E-EDID 1.4, section 3.10.2.
std::optional<PanelMode> DecodeDtd(std::span<const uint8_t> dtd) {
  if (dtd.size() < layout::kDtdBytes) return std::nullopt;
  const Axis horizontal = {
      .active = Joined(dtd[2], dtd[4] >> 4, 8),
      .blank = Joined(dtd[3], dtd[4] & 0xFu, 8),
      .front_porch = Joined(dtd[8], dtd[11] >> 6, 8),
      .sync = Joined(dtd[9], dtd[11] >> 4 & 3u, 8),
  };
  const Axis vertical = {
      .active = Joined(dtd[5], dtd[7] >> 4, 8),
      .blank = Joined(dtd[6], dtd[7] & 0xFu, 8),
      .front_porch = Joined(dtd[10] >> 4, dtd[11] >> 2 & 3u, 4),
      .sync = Joined(dtd[10] & 0xFu, dtd[11] & 3u, 4),
  };
  return ModeOf(ReadLe<uint16_t>(dtd, 0) * 10u, horizontal, vertical);
}

// intel_vbt_defs.h, struct generic_dtd_entry.
std::optional<PanelMode> DecodeGenericDtd(std::span<const uint8_t> dtd) {
  if (dtd.size() < layout::kGenericDtdBytes) return std::nullopt;
  const auto axis_at = [&dtd](size_t offset) {
    return Axis{.active = ReadLe<uint16_t>(dtd, offset),
                .blank = ReadLe<uint16_t>(dtd, offset + 2),
                .front_porch = ReadLe<uint16_t>(dtd, offset + 4),
                .sync = ReadLe<uint16_t>(dtd, offset + 6)};
  };
  std::optional<PanelMode> mode =
      ModeOf(ReadLe<uint32_t>(dtd, 0), axis_at(4), axis_at(12));
  if (mode) mode->from_generic_dtd = true;
  return mode;
}

}  // namespace oriel::capture::igd
