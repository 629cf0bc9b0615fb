#include "capture/edid/generated_displayid.h"

#include <numeric>

#include "capture/edid/edid.h"
#include "capture/edid/generated_cta.h"

namespace oriel::capture::edid {
namespace {

Bytes TypedBlock(uint8_t tag, int revision, const Bytes& payload) {
  Bytes block = {tag, static_cast<uint8_t>(revision),
                 static_cast<uint8_t>(payload.size())};
  Append(block, payload);
  return block;
}

Bytes TypeTwo(Chance& chance) {
  const int width = chance.Pick(40, 511),
            blank = chance.Pick(40, 127);  // in cells, less one
  const int height = chance.Pick(120, 1000) * 2, v_blank = chance.Pick(40, 256);
  const int clock =
      chance.Clock(8 * (width + blank + 2), height + v_blank, 10, 0xFFFFFF);
  Bytes bytes;
  PutLe16(bytes, clock & 0xFFFF);
  Append(bytes,
         {static_cast<uint8_t>(clock >> 16),
          static_cast<uint8_t>((chance.Byte() & 0x8C) |
                               (chance.Maybe() ? 0x10 : 0)),
          static_cast<uint8_t>(width),
          static_cast<uint8_t>(blank << 1 | width >> 8),
          static_cast<uint8_t>(chance.Pick(0, 15) << 4 | chance.Pick(0, 15)),
          static_cast<uint8_t>(height - 1),
          static_cast<uint8_t>((height - 1) >> 8),
          static_cast<uint8_t>(v_blank - 1),
          static_cast<uint8_t>(chance.Pick(1, 15) << 4 | chance.Pick(1, 15))});
  return bytes;
}

Bytes TypeSix(Chance& chance) {
  const bool sized = chance.Maybe();
  const int width = chance.Pick(640, 8000), height = chance.Pick(240, 2000) * 2;
  const int front = chance.Pick(1, 700),
            blank = front + 257 + chance.Pick(1, 500);
  const int v_blank = chance.Pick(120, 255);
  const int clock = chance.Clock(width + blank, height + v_blank, 1, 0x3FFFFF);
  Bytes bytes;
  PutLe16(bytes, clock & 0xFFFF);
  bytes.push_back(static_cast<uint8_t>(clock >> 16 | (sized ? 0x40 : 0) |
                                       (chance.Maybe() ? 0x80 : 0)));
  PutLe16(bytes, (width - 1) | (chance.Maybe() ? 0x8000 : 0));
  PutLe16(bytes, (height - 1) | (chance.Maybe() ? 0x8000 : 0));
  Append(
      bytes,
      {static_cast<uint8_t>(blank), static_cast<uint8_t>(front),
       static_cast<uint8_t>(front >> 8 << 4 | blank >> 8), chance.Byte(),
       static_cast<uint8_t>(v_blank), static_cast<uint8_t>(chance.Pick(1, 60)),
       static_cast<uint8_t>(chance.Pick(1, 15) | (chance.Maybe() ? 0x80 : 0))});
  if (sized)
    Append(bytes,
           {static_cast<uint8_t>(chance.Pick(80, 255)), chance.Byte(), 0x00});
  return bytes;
}

Bytes DetailedData(Chance& chance, BlockKind kind) {
  const auto count = [&](int most) { return chance.Pick(1, most); };
  switch (kind) {
    case BlockKind::kTypeOne:
      return TypedBlock(0x03, chance.Pick(0, 1), List(count(5), [&] {
                          return LongTiming(chance, 10, true);
                        }));
    case BlockKind::kTypeTwo:
      return TypedBlock(0x04, 0,
                        List(count(9), [&] { return TypeTwo(chance); }));
    case BlockKind::kTypeSix:
      return TypedBlock(0x13, 0,
                        List(count(6), [&] { return TypeSix(chance); }));
    case BlockKind::kTypeSeven:
      return TypedBlock(0x22, chance.Pick(0, 1), List(count(5), [&] {
                          return LongTiming(chance, 1, true);
                        }));
    default:
      return {};
  }
}

Bytes FormulaData(Chance& chance, BlockKind kind) {
  const auto count = [&](int most) { return chance.Pick(1, most); };
  switch (kind) {
    case BlockKind::kTypeThree:
      return TypedBlock(0x05, 0, List(count(30), [&] {
                          return Bytes{
                              static_cast<uint8_t>(chance.Pick(0, 7) |
                                                   chance.Pick(0, 1) << 4),
                              static_cast<uint8_t>(chance.Pick(30, 255)),
                              static_cast<uint8_t>(chance.Pick(20, 119))};
                        }));
    case BlockKind::kTypeFive:
      return TypedBlock(
          0x11, 0, List(count(10), [&] {
            Bytes entry = {static_cast<uint8_t>(chance.Byte() & 0x90), 0};
            PutLe16(entry, chance.Pick(320, 8000) - 1);
            PutLe16(entry, chance.Pick(200, 5000) - 1);
            entry.push_back(static_cast<uint8_t>(chance.Pick(23, 199)));
            return entry;
          }));
    case BlockKind::kTypeNine:
      return TypedBlock(0x24, 0,
                        List(count(15), [&] { return Formula(chance, 6, 2); }));
    case BlockKind::kTypeTen: {
      const int longer = chance.Pick(0, 1);
      return TypedBlock(0x2A, longer << 4, List(count(4), [&] {
                          return Formula(chance,
                                         6 + static_cast<size_t>(longer), 3);
                        }));
    }
    default:
      return {};
  }
}

Bytes CodeData(Chance& chance, BlockKind kind) {
  const auto count = [&](int most) { return chance.Pick(1, most); };
  const auto id_of = [&](int kind_of_code) {
    const int most[] = {0x58, 107, 4};
    return Bytes{static_cast<uint8_t>(chance.Pick(1, most[kind_of_code]))};
  };
  switch (kind) {
    case BlockKind::kTypeFour: {
      const int codes = chance.Pick(0, 2);
      return TypedBlock(0x06, codes << 6,
                        List(count(60), [&] { return id_of(codes); }));
    }
    case BlockKind::kDmtBitmap:
      return TypedBlock(0x07, 0,
                        List(10, [&] { return Bytes{chance.Byte()}; }));
    case BlockKind::kCtaBitmap:
      return TypedBlock(0x08, 0, List(8, [&] { return Bytes{chance.Byte()}; }));
    case BlockKind::kStereo: {
      Bytes payload = {2, 0, 1};
      for (int codes = 0; codes < 3; ++codes) {
        const int ids = count(8);
        payload.push_back(static_cast<uint8_t>(codes << 6 | ids));
        Append(payload, List(ids, [&] { return id_of(codes); }));
      }
      return TypedBlock(0x10, 0x40, payload);
    }
    case BlockKind::kTypeEight: {
      const int codes = chance.Pick(0, 2);
      const bool two = chance.Maybe();
      return TypedBlock(0x23, codes << 6 | (two ? 0x08 : 0),
                        List(count(40), [&] {
                          Bytes id = id_of(codes);
                          if (two) id.push_back(0);
                          return id;
                        }));
    }
    default:
      return {};
  }
}

Bytes OtherData(Chance& chance, BlockKind kind) {
  switch (kind) {
    case BlockKind::kParameters: {
      Bytes payload;
      PutLe16(payload, chance.Pick(1000, 20'000));
      PutLe16(payload, chance.Pick(1000, 20'000));
      payload.resize(12, 1);
      return TypedBlock(0x01, 0, payload);
    }
    case BlockKind::kParametersTwo: {
      Bytes payload;
      PutLe16(payload, chance.Pick(1000, 6000));
      PutLe16(payload, chance.Pick(1000, 6000));
      payload.resize(29, 1);
      return TypedBlock(0x21, chance.Maybe() ? 0x80 : 0, payload);
    }
    case BlockKind::kCtaInDisplayId: {
      Bytes data = CtaData(chance, BlockKind::kCtaVideo);
      Append(data, CtaData(chance, BlockKind::kCtaVideo420));
      return TypedBlock(0x81, 0, data);
    }
    default:
      return {};
  }
}

}  // namespace

Bytes LongTiming(Chance& chance, int clock_unit_khz, bool preferrable) {
  const int width = chance.Pick(640, 10'000),
            height = chance.Pick(240, 2500) * 2;
  const int h_front = chance.Pick(8, 200), h_sync = chance.Pick(8, 200);
  const int v_front = chance.Pick(2, 40), v_sync = chance.Pick(2, 20);
  const int h_blank = h_front + h_sync + chance.Pick(8, 300);
  const int v_blank = v_front + v_sync + chance.Pick(4, 100);
  const int clock =
      chance.Clock(width + h_blank, height + v_blank, clock_unit_khz, 0xFFFFFF);
  Bytes bytes;
  PutLe16(bytes, clock & 0xFFFF);
  bytes.push_back(static_cast<uint8_t>(clock >> 16));
  bytes.push_back(
      static_cast<uint8_t>(chance.Pick(0, 8) | (chance.Maybe() ? 0x10 : 0) |
                           (preferrable && chance.Maybe() ? 0x80 : 0)));
  PutLe16(bytes, width - 1);
  PutLe16(bytes, h_blank - 1);
  PutLe16(bytes, (h_front - 1) | (chance.Maybe() ? 0x8000 : 0));
  PutLe16(bytes, h_sync - 1);
  PutLe16(bytes, height - 1);
  PutLe16(bytes, v_blank - 1);
  PutLe16(bytes, (v_front - 1) | (chance.Maybe() ? 0x8000 : 0));
  PutLe16(bytes, v_sync - 1);
  return bytes;
}

Bytes Formula(Chance& chance, size_t size, int max_formula) {
  const int formula = chance.Pick(0, max_formula);
  Bytes bytes = {static_cast<uint8_t>(
      formula | (formula >= 2 && chance.Maybe() ? 0x10 : 0) |
      (formula == 3 && chance.Maybe() ? 0x08 : 0))};
  PutLe16(bytes, chance.Pick(320, 8000) - 1);
  PutLe16(bytes, chance.Pick(200, 5000) - 1);
  bytes.push_back(static_cast<uint8_t>(chance.Pick(23, 199)));
  if (size > 6) {
    bytes.push_back(static_cast<uint8_t>(formula == 3 ? (chance.Byte() & 0xFC)
                                                      : chance.Pick(0, 1)));
  }
  return bytes;
}

Bytes DisplayIdData(Chance& chance, BlockKind kind) {
  for (const auto make : {DetailedData, FormulaData, CodeData, OtherData}) {
    const Bytes data = make(chance, kind);
    if (!data.empty()) return data;
  }
  return {};
}

Bytes DisplayIdBlock(const Bytes& data, int version) {
  Bytes block = {0x70, static_cast<uint8_t>(version),
                 static_cast<uint8_t>(data.size()), 3, 0};
  Append(block, data);
  block.push_back(static_cast<uint8_t>(
      -std::accumulate(block.begin() + 1, block.end(), 0)));
  block.resize(kBlockBytes, 0);
  return block;
}

}  // namespace oriel::capture::edid
