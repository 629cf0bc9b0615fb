#include <cstdint>
#include <cstdlib>
#include <span>

#include "capture/sim/xwd_header.h"

// Whatever is accepted lies inside the file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  for (uint64_t file_bytes : {uint64_t{size_bytes}, uint64_t{1} << 33}) {
    const auto layout = oriel::capture::sim::ParseXwdHeader(
        std::span(data, size_bytes), file_bytes);
    if (!layout.ok()) continue;
    const uint64_t end =
        layout->pixel_offset +
        uint64_t{layout->stride_bytes} * (layout->size.height_px - 1) +
        uint64_t(layout->size.width_px) * 4;
    if (layout->size.empty() || end > file_bytes) std::abort();
  }
  return 0;
}
