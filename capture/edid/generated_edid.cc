#include "capture/edid/generated_edid.h"

#include <numeric>

#include "capture/edid/chance.h"
#include "capture/edid/edid.h"
#include "capture/edid/generated_base.h"
#include "capture/edid/generated_cta.h"
#include "capture/edid/generated_displayid.h"

namespace oriel::capture::edid {
namespace {

Bytes VtbBlock(Chance& chance) {
  const int detailed = chance.Pick(0, 3), cvt = chance.Pick(0, 8),
            standard = chance.Pick(0, 12);
  Bytes block = {0x10, 1, static_cast<uint8_t>(detailed),
                 static_cast<uint8_t>(cvt), static_cast<uint8_t>(standard)};
  for (int i = 0; i < detailed; ++i)
    Append(block, Detailed(chance, chance.Maybe()));
  Append(block, CvtCodes(chance, static_cast<size_t>(cvt)));
  Append(block, StandardTimings(chance, static_cast<size_t>(standard)));
  block.resize(kBlockBytes, 0);
  return block;
}

}  // namespace

Bytes GenerateEdid(BlockKind kind, uint32_t seed) {
  Chance chance(seed);
  Bytes edid = BaseBlock(chance, kind);
  if (kind >= BlockKind::kCtaVideo && kind <= BlockKind::kCtaTypeTen) {
    Append(edid, CtaBlock(CtaData(chance, kind), {Detailed(chance, false)}));
  } else if (kind == BlockKind::kCtaDetailed) {
    Append(edid,
           CtaBlock({}, {Detailed(chance, false), Detailed(chance, true)}));
  } else if (kind == BlockKind::kCtaDescriptors) {
    Bytes body = {1};
    Append(body, CvtCodes(chance, 4));
    Append(edid, CtaBlock(CtaData(chance, BlockKind::kCtaVideo),
                          {Descriptor(0xF8, body),
                           Descriptor(0xFA, StandardTimings(chance, 6))}));
  } else if (kind == BlockKind::kVtb) {
    Append(edid, VtbBlock(chance));
  } else if (kind >= BlockKind::kParameters &&
             kind <= BlockKind::kCtaInDisplayId) {
    const bool second =
        kind == BlockKind::kParametersTwo || kind >= BlockKind::kTypeSeven;
    const Bytes data = DisplayIdData(chance, kind);
    Append(edid, DisplayIdBlock(data, second ? 0x20 : 0x13));
    if (kind == BlockKind::kTypeTen) {
      // The same once more where edid-decode knows the type.
      Bytes payload = {data[1]};
      payload.insert(payload.end(), data.begin() + 3, data.end());
      Append(edid, CtaBlock(ExtendedBlock(0x2A, payload), {}));
    }
  } else if (kind == BlockKind::kOverride) {
    Bytes data = ExtendedBlock(0x78, {3});
    Append(data, CtaData(chance, BlockKind::kCtaVideo));
    Append(edid, CtaBlock(data, {}));
    Append(edid, CtaBlock(CtaData(chance, BlockKind::kCtaVideo),
                          {Detailed(chance, false)}));
    Append(edid,
           DisplayIdBlock(DisplayIdData(chance, BlockKind::kTypeOne), 0x13));
    edid[126] = 1;
    FixChecksums(edid);
    return edid;
  }
  edid[126] = static_cast<uint8_t>(edid.size() / kBlockBytes - 1);
  FixChecksums(edid);
  return edid;
}

void FixChecksums(Bytes& edid) {
  for (size_t at = 0; at + kBlockBytes <= edid.size(); at += kBlockBytes) {
    const auto first = edid.begin() + static_cast<std::ptrdiff_t>(at);
    uint8_t& last = edid[at + kBlockBytes - 1];
    last = 0;
    last =
        static_cast<uint8_t>(-std::accumulate(first, first + kBlockBytes, 0));
  }
}

}  // namespace oriel::capture::edid
