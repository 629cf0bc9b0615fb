#include <cstdint>
#include <cstdlib>
#include <span>

#include "capture/igd/op_region.h"

// Most of an OpRegion's 8 KiB say nothing; vbt_fuzz_test looks for tables.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  namespace igd = oriel::capture::igd;
  const std::span<const uint8_t> input(data, size_bytes);
  const auto region = igd::ParseOpRegion(input);
  if (!region.ok()) return 0;
  if (region->vbt_offset_bytes + region->vbt_size_bytes > size_bytes) abort();
  (void)igd::MailboxNames(region->header.mailboxes);
  return 0;
}
