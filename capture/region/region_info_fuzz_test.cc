#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "capture/region/region_info.h"

// One reply to VFIO_DEVICE_GET_REGION_INFO.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto region = oriel::capture::ParseRegionInfo({data, size});
  if (!region.ok()) return 0;
  // What the rest of the program relies on.
  uint64_t behind = 0;
  for (const oriel::capture::MappableArea& area : region->mappable_areas) {
    if (area.size_bytes == 0 || area.offset < behind) std::abort();
    if (area.offset >= region->size_bytes) std::abort();
    behind = area.offset + area.size_bytes;
    if (behind < area.offset) std::abort();
    if (!region->IsMappable(area.offset, area.size_bytes)) std::abort();
  }
  return 0;
}
