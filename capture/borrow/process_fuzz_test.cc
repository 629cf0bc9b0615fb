#include <cstdint>
#include <cstdlib>
#include <string>

#include "capture/borrow/command_line.h"
#include "capture/borrow/process.h"

// What any process can write of itself: its name and its command line.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  using namespace oriel::capture;  // NOLINT: the parsers under test
  const std::string bytes(reinterpret_cast<const char*>(data), size_bytes);
  for (const auto& device : ParseVmmCommandLine(bytes).devices) {
    if (!IsMdevUuid(device.name) && !IsPciAddress(device.name)) std::abort();
  }
  (void)ParseProcessStat(bytes);
  // As a name, the bytes must not change what stands behind it.
  const auto stat = ParseProcessStat(
      "1 (" + bytes + ") S 1 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 1 0 4242 10 1\n");
  if (!stat.ok() || stat->start_time_ticks != 4242 || stat->kernel_thread) {
    std::abort();
  }
  return 0;
}
