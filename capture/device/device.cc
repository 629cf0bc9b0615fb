#include "capture/device/device.h"

#include "absl/strings/str_format.h"

namespace oriel::capture {

absl::StatusOr<std::unique_ptr<DmaBuf>> Device::GetPlaneDmaBuf(uint32_t id) {
  return absl::UnimplementedError(absl::StrFormat(
      "get dma-buf %u of %s: it hands out none", id, description()));
}

}  // namespace oriel::capture
