#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "capture/region/foreign_memory.h"

namespace oriel::capture {

// How many bytes a second this processor reads of the memory: cached memory
// gives thousands of MB/s, a PCI BAR, which is uncached, some tens. Takes a few
// milliseconds at most, in visits of under one. Never 0; errors are Visit's.
absl::StatusOr<uint64_t> MeasureReadSpeed(ForeignMemory& memory);

}  // namespace oriel::capture
