#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "service/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  const std::string text(data, data + size_bytes);
  const auto config = oriel::config::ParseConfig(text, "fuzz");
  if (config.ok()) {
    // What is accepted is accepted again after a round through text.
    const auto again =
        oriel::config::ParseConfig(config->DebugString(), "again");
    if (!again.ok()) std::abort();
  }
  (void)oriel::config::ParseListen(text).ok();
  return 0;
}
