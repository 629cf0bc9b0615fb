#include "capture/edid/generated_base.h"

#include <algorithm>
#include <span>

#include "capture/edid/detailed_timing.h"
#include "capture/edid/edid.h"

namespace oriel::capture::edid {
namespace {

Bytes Base(Chance& chance, int revision) {
  const auto built = BuildEdid({.preferred = {1280, 1024}});
  Bytes edid(built->begin(), built->end());
  edid[19] = static_cast<uint8_t>(revision);
  edid[8] = static_cast<uint8_t>(chance.Pick(1, 26) << 2);
  edid[9] = static_cast<uint8_t>(0x20 | chance.Pick(1, 26));
  edid[21] = static_cast<uint8_t>(chance.Pick(1, 255));
  edid[22] = static_cast<uint8_t>(chance.Pick(1, 255));
  return edid;
}

// Up to 13 letters, and then what ends it.
Bytes Text(Chance& chance) {
  Bytes text;
  const int length = chance.Maybe() ? 13 : chance.Pick(1, 13);
  for (int i = 0; i < length; ++i) {
    text.push_back(static_cast<uint8_t>(chance.Pick('A', 'Z')));
  }
  if (text.size() < 13) text.push_back('\n');
  text.resize(13, ' ');
  return text;
}

void FillBase(Chance& chance, BlockKind kind, Bytes& edid) {
  const auto put = [&](size_t at, const Bytes& bytes) {
    std::copy(bytes.begin(), bytes.end(),
              edid.begin() + static_cast<std::ptrdiff_t>(at));
  };
  switch (kind) {
    case BlockKind::kEstablished:
      return put(35, {chance.Byte(), chance.Byte(),
                      static_cast<uint8_t>(chance.Byte() & 0x80)});
    case BlockKind::kStandard:
    case BlockKind::kStandardBeforeFormulas:
      return put(38, StandardTimings(chance, 8));
    case BlockKind::kStandardByCvt:
      put(90, Descriptor(0xFD,
                         {24, 90, 15, 160, 60, 4, 0x11, 0, 0, 0xF8, 8, 0, 60}));
      edid[24] |= 1;  // what lies between its frequencies, too
      return put(38, StandardTimings(chance, 8));
    case BlockKind::kDetailed:
    case BlockKind::kDetailedInterlaced:
      for (size_t at = 54; at <= 108; at += kDetailedTimingBytes) {
        put(at, Detailed(chance, kind == BlockKind::kDetailedInterlaced &&
                                     chance.Maybe()));
      }
      return;
    case BlockKind::kEstablishedThree:
      return put(
          108, Descriptor(0xF7, {0x0A, chance.Byte(), chance.Byte(),
                                 chance.Byte(), chance.Byte(), chance.Byte(),
                                 static_cast<uint8_t>(chance.Byte() & 0xF0)}));
    case BlockKind::kCvtCodes: {
      Bytes body = {1};
      Append(body, CvtCodes(chance, static_cast<size_t>(chance.Pick(1, 4))));
      return put(108, Descriptor(0xF8, body));
    }
    case BlockKind::kStandardDescriptor: {
      Bytes body = StandardTimings(chance, 6);
      body.push_back('\n');
      return put(90, Descriptor(0xFA, body));
    }
    case BlockKind::kNames:
      put(72, Descriptor(0xFC, Text(chance)));
      put(90, Descriptor(chance.Maybe() ? 0xFC : 0xFE, Text(chance)));
      return put(108, Descriptor(chance.Maybe() ? 0xFC : 0xFF, Text(chance)));
    default:
      return;
  }
}

}  // namespace

Bytes Detailed(Chance& chance, bool interlaced) {
  Timing timing = {.width_px = chance.Pick(320, kMaxActivePx),
                   .h_front_px = chance.Pick(8, 200),
                   .h_sync_px = chance.Pick(8, 200),
                   .height_px = chance.Pick(200, interlaced ? 1100 : 2400),
                   .v_front_lines = chance.Pick(1, 20),
                   .v_sync_lines = chance.Pick(1, 12),
                   .width_mm = chance.Pick(100, 1800),
                   .height_mm = chance.Pick(100, 1200),
                   .interlaced = interlaced,
                   .h_sync_positive = chance.Maybe(),
                   .v_sync_positive = chance.Maybe()};
  timing.h_blank_px =
      timing.h_front_px + timing.h_sync_px + chance.Pick(1, 300);
  timing.v_blank_lines =
      timing.v_front_lines + timing.v_sync_lines + chance.Pick(1, 60);
  timing.pixel_clock_khz =
      10 * static_cast<uint32_t>(chance.Clock(
               timing.width_px + timing.h_blank_px,
               timing.height_px + timing.v_blank_lines, 10, 65'535));
  Bytes bytes(kDetailedTimingBytes);
  PutDetailedTiming(timing, std::span<uint8_t, kDetailedTimingBytes>(
                                bytes.data(), bytes.size()));
  return bytes;
}

Bytes Descriptor(uint8_t tag, Bytes body) {
  Bytes bytes = {0, 0, 0, tag, 0};
  Append(bytes, body);
  bytes.resize(kDetailedTimingBytes, 0);
  return bytes;
}

Bytes StandardTimings(Chance& chance, size_t count) {
  Bytes bytes;
  for (size_t i = 0; i < count; ++i) {
    bytes.push_back(static_cast<uint8_t>(chance.Pick(2, 255)));
    bytes.push_back(chance.Byte());
  }
  return bytes;
}

Bytes CvtCodes(Chance& chance, size_t count) {
  Bytes bytes;
  for (size_t i = 0; i < count; ++i) {
    const int half_height = chance.Pick(100, 1200);
    bytes.push_back(static_cast<uint8_t>(half_height - 1));
    bytes.push_back(static_cast<uint8_t>((half_height - 1) >> 8 << 4 |
                                         chance.Pick(0, 3) << 2));
    bytes.push_back(
        static_cast<uint8_t>(chance.Pick(1, 0x1F) | chance.Pick(0, 3) << 5));
  }
  return bytes;
}

Bytes BaseBlock(Chance& chance, BlockKind kind) {
  int revision = chance.Pick(3, 4);
  if (kind == BlockKind::kStandardByCvt) revision = 4;
  if (kind == BlockKind::kStandardBeforeFormulas) revision = 1;
  Bytes edid = Base(chance, revision);
  FillBase(chance, kind, edid);
  return edid;
}

}  // namespace oriel::capture::edid
