#include "capture/edid/generated_cta.h"

#include "capture/edid/edid.h"
#include "capture/edid/generated_displayid.h"

namespace oriel::capture::edid {
namespace {

Bytes DataBlock(int tag, const Bytes& payload) {
  Bytes block = {
      static_cast<uint8_t>(tag << 5 | static_cast<int>(payload.size()))};
  Append(block, payload);
  return block;
}

Bytes HdmiPayload(Chance& chance) {
  const int latency = chance.Pick(0, 2);
  const int codes = chance.Pick(1, 4);
  Bytes payload = {0x03, 0x0C, 0x00, 0x10, 0x00, 0x80, 0x3C};
  payload.push_back(static_cast<uint8_t>(0x20 | (latency > 0 ? 0x80 : 0) |
                                         (latency > 1 ? 0x40 : 0)));
  for (int i = 0; i < 2 * latency; ++i) payload.push_back(10);
  payload.push_back(0);
  payload.push_back(static_cast<uint8_t>(codes << 5));
  for (int code = 1; code <= codes; ++code) {
    payload.push_back(static_cast<uint8_t>(code));
  }
  return payload;
}

Bytes FormatsPayload(Chance& chance) {
  const int bytes = chance.Pick(1, 3);
  Bytes payload = {static_cast<uint8_t>(bytes - 1)};
  Append(payload, List(chance.Pick(1, 30 / bytes), [&] {
           Bytes format = {static_cast<uint8_t>(chance.Pick(1, 28) |
                                                (chance.Byte() & 0xC0))};
           if (bytes > 1) format.push_back(chance.Byte());
           if (bytes > 2) format.push_back(chance.Byte() & 1);
           return format;
         }));
  return payload;
}

Bytes DisplayIdTypes(Chance& chance, BlockKind kind) {
  const auto count = [&](int most) { return chance.Pick(1, most); };
  switch (kind) {
    case BlockKind::kCtaTypeSeven: {
      Bytes payload = {0x02};
      Append(payload, LongTiming(chance, 1, false));
      return ExtendedBlock(0x22, payload);
    }
    case BlockKind::kCtaTypeEight: {
      const bool two = chance.Maybe();
      Bytes payload = {static_cast<uint8_t>(two ? 0x08 : 0)};
      Append(payload, List(count(10), [&] {
               Bytes id = {static_cast<uint8_t>(chance.Pick(1, 0x58))};
               if (two) id.push_back(0);
               return id;
             }));
      return ExtendedBlock(0x23, payload);
    }
    case BlockKind::kCtaTypeTen: {
      const size_t longer = static_cast<size_t>(chance.Pick(0, 1));
      Bytes payload = {static_cast<uint8_t>(longer << 4)};
      Append(payload,
             List(count(4), [&] { return Formula(chance, 6 + longer, 3); }));
      return ExtendedBlock(0x2A, payload);
    }
    default:
      return {};
  }
}

}  // namespace

Bytes ExtendedBlock(int tag, Bytes payload) {
  payload.insert(payload.begin(), static_cast<uint8_t>(tag));
  return DataBlock(7, payload);
}

Bytes CtaData(Chance& chance, BlockKind kind) {
  const auto count = [&](int most) { return chance.Pick(1, most); };
  const auto code = [&] {
    return Bytes{static_cast<uint8_t>(chance.CtaCode())};
  };
  switch (kind) {
    case BlockKind::kCtaVideo: {
      Bytes codes = List(count(31), code);
      for (uint8_t& each : codes) {
        if (each <= 64 && chance.Maybe()) each |= 0x80;
      }
      return DataBlock(2, codes);
    }
    case BlockKind::kCtaVideo420:
      return ExtendedBlock(0x0E, List(count(30), code));
    case BlockKind::kCtaHdmi:
      return DataBlock(3, HdmiPayload(chance));
    case BlockKind::kCtaFormats:
      return DataBlock(6, FormatsPayload(chance));
    case BlockKind::kCtaPreference:
      return ExtendedBlock(
          0x0D, List(count(8), [&] {
            return Bytes{static_cast<uint8_t>(chance.CtaCode())};
          }));
    default:
      return DisplayIdTypes(chance, kind);
  }
}

Bytes CtaBlock(const Bytes& data, const std::vector<Bytes>& descriptors) {
  Bytes block = {0x02, 0x03, static_cast<uint8_t>(4 + data.size()), 0x70};
  Append(block, data);
  for (const Bytes& descriptor : descriptors) Append(block, descriptor);
  block.resize(kBlockBytes, 0);
  return block;
}

}  // namespace oriel::capture::edid
