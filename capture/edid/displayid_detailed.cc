#include "capture/edid/displayid_detailed.h"

namespace oriel::capture::edid {
namespace {

// VESA DisplayID 1.3, section 4.4: fields hold one less than they mean. What
// is interlaced is told by the whole picture's lines.
constexpr uint8_t kInterlaced = 0x10;
constexpr uint8_t kPreferred = 0x80;
constexpr uint8_t kUndefinedAspect = 8;
constexpr int kPositive = 0x8000;  // with the front porch of types I and VII

Timing OfFields(Timing timing) {
  const int back_lines =
      timing.v_blank_lines - timing.v_front_lines - timing.v_sync_lines;
  timing.interlaced = timing.half_line = true;
  timing.height_px /= 2;
  timing.v_front_lines /= 2;
  timing.v_sync_lines /= 2;
  timing.v_blank_lines =
      timing.v_front_lines + timing.v_sync_lines + back_lines / 2;
  return timing;
}

Timing ParseLong(Section b, uint32_t clock_unit_khz) {
  const Timing timing = {.pixel_clock_khz = (b.Le24(0) + 1) * clock_unit_khz,
                         .width_px = 1 + b.Le16(4),
                         .h_blank_px = 1 + b.Le16(6),
                         .h_front_px = 1 + (b.Le16(8) & ~kPositive),
                         .h_sync_px = 1 + b.Le16(10),
                         .height_px = 1 + b.Le16(12),
                         .v_blank_lines = 1 + b.Le16(14),
                         .v_front_lines = 1 + (b.Le16(16) & ~kPositive),
                         .v_sync_lines = 1 + b.Le16(18),
                         .h_sync_positive = (b.Le16(8) & kPositive) != 0,
                         .v_sync_positive = (b.Le16(16) & kPositive) != 0};
  return (b[3] & kInterlaced) != 0 ? OfFields(timing) : timing;
}

void PutLe16(uint8_t* out, int32_t value) {
  out[0] = static_cast<uint8_t>(value);
  out[1] = static_cast<uint8_t>(value >> 8);
}

}  // namespace

Timing ParseTypeOne(Section bytes) { return ParseLong(bytes, 10); }

Timing ParseTypeSeven(Section bytes) { return ParseLong(bytes, 1); }

Timing ParseTypeTwo(Section b) {
  const auto cells = [](int value) { return 8 + 8 * value; };
  const Timing timing = {.pixel_clock_khz = (b.Le24(0) + 1) * 10,
                         .width_px = cells(b[4] | (b[5] & 1) << 8),
                         .h_blank_px = cells(b[5] >> 1),
                         .h_front_px = cells(b[6] >> 4),
                         .h_sync_px = cells(b[6] & 0xF),
                         .height_px = 1 + (b[7] | (b[8] & 0xF) << 8),
                         .v_blank_lines = 1 + b[9],
                         .v_front_lines = 1 + (b[10] >> 4),
                         .v_sync_lines = 1 + (b[10] & 0xF),
                         .h_sync_positive = (b[3] & 0x08) != 0,
                         .v_sync_positive = (b[3] & 0x04) != 0};
  return (b[3] & kInterlaced) != 0 ? OfFields(timing) : timing;
}

Timing ParseTypeSix(Section b) {
  Timing timing = {.pixel_clock_khz = 1 + (b.Le24(0) & 0x3FFFFF),
                   .width_px = 1 + (b.Le16(3) & 0x3FFF),
                   .h_blank_px = 1 + (b[7] | (b[9] & 0x0F) << 8),
                   .h_front_px = 1 + (b[8] | (b[9] & 0xF0) << 4),
                   .h_sync_px = 1 + b[10],
                   .height_px = 1 + (b.Le16(5) & 0x3FFF),
                   .v_blank_lines = 1 + b[11],
                   .v_front_lines = 1 + b[12],
                   .v_sync_lines = 1 + (b[13] & 0x0F),
                   .h_sync_positive = (b[4] & 0x80) != 0,
                   .v_sync_positive = (b[6] & 0x80) != 0};
  if (b.size() >= kTypeSixSizedBytes) {
    timing.height_mm = (1 + (b[16] >> 4)) * (1 + (b[15] | (b[16] & 0x0F) << 8));
    timing.width_mm = timing.height_mm * b[14] * 3 / 256;
  }
  return (b[13] & 0x80) != 0 ? OfFields(timing) : timing;
}

void PutPreferredTypeOne(const Timing& t,
                         std::span<uint8_t, kTypeOneBytes> out) {
  const uint32_t clock = t.pixel_clock_khz / 10 - 1;
  PutLe16(&out[0], static_cast<int32_t>(clock & 0xFFFF));
  out[2] = static_cast<uint8_t>(clock >> 16);
  out[3] = kPreferred | kUndefinedAspect;
  PutLe16(&out[4], t.width_px - 1);
  PutLe16(&out[6], t.h_blank_px - 1);
  PutLe16(&out[8], (t.h_front_px - 1) | (t.h_sync_positive ? kPositive : 0));
  PutLe16(&out[10], t.h_sync_px - 1);
  PutLe16(&out[12], t.height_px - 1);
  PutLe16(&out[14], t.v_blank_lines - 1);
  PutLe16(&out[16],
          (t.v_front_lines - 1) | (t.v_sync_positive ? kPositive : 0));
  PutLe16(&out[18], t.v_sync_lines - 1);
}

}  // namespace oriel::capture::edid
