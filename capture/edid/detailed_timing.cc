#include "capture/edid/detailed_timing.h"

#include "capture/edid/cta_timings.h"

namespace oriel::capture::edid {
namespace {

// Bits of byte 17.
constexpr uint8_t kInterlaced = 0x80;
constexpr uint8_t kDigitalSeparateSync = 0x18;
constexpr uint8_t kVerticalPositive = 0x04;  // with digital separate sync
constexpr uint8_t kHorizontalPositive = 0x02;

uint8_t Low(int32_t value) { return static_cast<uint8_t>(value); }

// The one timing that is interlaced in whole lines: CTA-861's code 39.
bool HasWholeLines(Timing timing) {
  timing.half_line = false;
  timing.width_mm = timing.height_mm = 0;
  return timing == CtaTiming(39);
}

}  // namespace

void PutDetailedTiming(const Timing& t,
                       std::span<uint8_t, kDetailedTimingBytes> out) {
  const auto high4 = [](int32_t a, int32_t b) {
    return Low((a >> 8) << 4 | (b >> 8 & 0xF));
  };
  const int32_t clock = static_cast<int32_t>(t.pixel_clock_khz / 10);
  out[0] = Low(clock);
  out[1] = Low(clock >> 8);
  out[2] = Low(t.width_px);
  out[3] = Low(t.h_blank_px);
  out[4] = high4(t.width_px, t.h_blank_px);
  out[5] = Low(t.height_px);
  out[6] = Low(t.v_blank_lines);
  out[7] = high4(t.height_px, t.v_blank_lines);
  out[8] = Low(t.h_front_px);
  out[9] = Low(t.h_sync_px);
  out[10] = Low(t.v_front_lines << 4 | (t.v_sync_lines & 0xF));
  out[11] = Low((t.h_front_px >> 8 & 3) << 6 | (t.h_sync_px >> 8 & 3) << 4 |
                (t.v_front_lines >> 4 & 3) << 2 | (t.v_sync_lines >> 4 & 3));
  out[12] = Low(t.width_mm);
  out[13] = Low(t.height_mm);
  out[14] = high4(t.width_mm, t.height_mm);
  out[15] = out[16] = 0;  // no borders
  out[17] = static_cast<uint8_t>(kDigitalSeparateSync |
                                 (t.interlaced ? kInterlaced : 0) |
                                 (t.v_sync_positive ? kVerticalPositive : 0) |
                                 (t.h_sync_positive ? kHorizontalPositive : 0));
}

std::optional<Timing> ParseDetailedTiming(
    std::span<const uint8_t, kDetailedTimingBytes> b) {
  const uint32_t clock = b[0] | uint32_t{b[1]} << 8;
  if (clock == 0) return std::nullopt;
  const auto upper = [](int byte, int shift) { return byte >> shift << 8; };
  const bool separate = (b[17] & kDigitalSeparateSync) == kDigitalSeparateSync;
  const bool interlaced = (b[17] & kInterlaced) != 0;
  Timing timing = {
      .pixel_clock_khz = clock * 10,
      .width_px = b[2] | upper(b[4], 4),
      .h_blank_px = b[3] | upper(b[4] & 0xF, 0),
      .h_front_px = b[8] | upper(b[11], 6),
      .h_sync_px = b[9] | upper(b[11] & 0x30, 4),
      .height_px = b[5] | upper(b[7], 4),
      .v_blank_lines = b[6] | upper(b[7] & 0xF, 0),
      .v_front_lines = b[10] >> 4 | (b[11] & 0x0C) << 2,
      .v_sync_lines = (b[10] & 0xF) | (b[11] & 3) << 4,
      .width_mm = b[12] | upper(b[14], 4),
      .height_mm = b[13] | upper(b[14] & 0xF, 0),
      .interlaced = interlaced,
      .half_line = interlaced,
      .h_sync_positive = separate && (b[17] & kHorizontalPositive) != 0,
      .v_sync_positive = separate && (b[17] & kVerticalPositive) != 0};
  if (interlaced && HasWholeLines(timing)) timing.half_line = false;
  return timing;
}

bool IsCredible(const Timing& timing) {
  constexpr uint32_t kUsualMinClockKhz = 10'000;
  return CanBeShown(timing) &&
         (timing.pixel_clock_khz >= kUsualMinClockKhz || HasWholeSyncs(timing));
}

}  // namespace oriel::capture::edid
