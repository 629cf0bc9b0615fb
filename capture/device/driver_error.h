#pragma once

#include <string>

#include "absl/status/status.h"

namespace oriel::capture {

// What an errno from a VFIO driver (or a vfio-user peer's error reply) means
// for the caller. kUnavailable: busy, out of memory or gone, try again later;
// kUnimplemented: the driver has no such call; kInvalidArgument: EINVAL;
// kPermissionDenied. `tried` says what was tried on what.
absl::Status DriverError(int error_number, const std::string& tried);

}  // namespace oriel::capture
