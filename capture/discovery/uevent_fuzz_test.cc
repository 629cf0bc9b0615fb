#include "capture/discovery/uevent.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "capture/discovery/find_group.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace oriel::capture;  // NOLINT: the names of this file
  const std::optional<Uevent> event = ParseUevent({data, size});
  if (!event.has_value()) return 0;
  if (event->action.size() + event->path.size() > size) std::abort();
  const std::string device = DeviceOf(*event);
  if (!device.empty() && *CanonicalDeviceName(device) != device) std::abort();
  return 0;
}
