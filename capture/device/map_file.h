#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "capture/device/mapping.h"

namespace oriel::capture {

// Maps part of `fd` read-only and shared, not inherited by children: a mapping
// in a child would keep the device busy after its owner let go. `what` names
// the file in messages. kFailedPrecondition: this file cannot be mapped so;
// kInvalidArgument: no such offset or size can exist.
absl::StatusOr<Mapping> MapFile(int fd, uint64_t file_offset, size_t size_bytes,
                                const std::string& what);

}  // namespace oriel::capture
