#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/device/device.h"

namespace oriel::capture {

// The OpRegion of an Intel GPU as vfio-pci shows it: 8 KiB, and behind them the
// VBT that does not fit inside, where the header tells of one there. Nothing
// else is read: a read beyond the 8 KiB without such a VBT ends in a kernel BUG
// on some kernels. Blocks as the device's calls do. kFailedPrecondition: the
// device has none, or one that makes no sense; kUnavailable passes through.
absl::StatusOr<std::vector<uint8_t>> ReadOpRegion(Device& device);

}  // namespace oriel::capture
