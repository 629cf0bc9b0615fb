#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "capture/edid/edid.h"
#include "capture/edid/edid_info.h"

namespace {

using oriel::capture::edid::kBlockBytes;

void Require(bool holds) {
  if (!holds) std::abort();
}

void Decode(std::span<const uint8_t> edid) {
  const auto info = oriel::capture::edid::ParseEdid(edid);
  const bool is_whole = oriel::capture::edid::CheckEdid(edid).ok();
  // What the strict check takes, the tolerant reader does.
  Require(info.ok() || !is_whole);
  if (!info.ok()) return;
  for (const auto& timing : info->timings) {
    Require(oriel::capture::edid::CanBeShown(timing));
    const auto mode = timing.mode();
    Require(mode.width_px >= 1 && mode.height_px >= 1);
    Require(mode.refresh_mhz >= 1000 && mode.refresh_mhz <= 2'000'000);
  }
  for (char c : info->name) Require(c >= 0x20 && c < 0x7F);
  for (const auto& text : info->texts) {
    for (char c : text) Require(c >= 0x20 && c < 0x7F);
  }
  // Whole and still with problems is possible, not the other way round.
  if (info->problems.empty()) Require(is_whole);
}

}  // namespace

// The input as it is, and once more with a right header, version and
// checksums, so that the bytes behind those gates are reached.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  std::vector<uint8_t> edid(data, data + size_bytes);
  Decode(edid);
  edid.resize((size_bytes / kBlockBytes + 1) * kBlockBytes);
  for (size_t i = 0; i < 8; ++i) edid[i] = i % 7 == 0 ? 0x00 : 0xFF;
  edid[18] = 1;
  edid[126] = static_cast<uint8_t>(size_bytes / kBlockBytes);
  for (size_t at = 0; at < edid.size(); at += kBlockBytes) {
    uint8_t sum = 0;
    for (size_t i = 0; i < kBlockBytes - 1; ++i) sum += edid[at + i];
    edid[at + kBlockBytes - 1] = static_cast<uint8_t>(-sum);
  }
  Decode(edid);
  return 0;
}
