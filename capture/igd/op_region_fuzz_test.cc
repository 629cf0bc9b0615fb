#include <cstdint>
#include <span>

#include "capture/igd/op_region.h"

// The input as an OpRegion, and by itself as a VBT: most of an OpRegion's
// 8 KiB say nothing, so corpora of tables are found much faster.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  namespace igd = oriel::capture::igd;
  const std::span<const uint8_t> input(data, size_bytes);
  const auto vbt = igd::LocateVbt(input);
  if (vbt.ok()) (void)igd::ParseVbt(*vbt);
  (void)igd::ParseVbt(input);
  return 0;
}
