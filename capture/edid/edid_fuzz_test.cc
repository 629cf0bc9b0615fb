#include <cstdint>
#include <cstdlib>
#include <vector>

#include "capture/edid/edid.h"

// The input as it is, and once more with a right header and checksum, so that
// the bytes behind those two gates are reached.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  using oriel::capture::edid::ParsePreferredMode;
  std::vector<uint8_t> edid(data, data + size_bytes);
  (void)ParsePreferredMode(edid);
  edid.resize(oriel::capture::edid::kBlockBytes);
  for (size_t i = 0; i < 8; ++i) edid[i] = i % 7 == 0 ? 0x00 : 0xFF;
  edid[18] = 1;
  edid[127] = 0;
  uint8_t sum = 0;
  for (uint8_t byte : edid) sum += byte;
  edid[127] = static_cast<uint8_t>(-sum);
  const auto mode = ParsePreferredMode(edid);
  if (mode.ok() && (mode->width_px < 1 || mode->height_px < 1)) std::abort();
  return 0;
}
