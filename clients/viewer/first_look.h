#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace oriel::clients {

// Whether orield at `server` is there and has the display; its name, which may
// be empty when there is only one. kUnavailable: no orield there; kNotFound,
// with the names that are near; kInvalidArgument: several, and none is named.
// That its device is away is no error.
absl::StatusOr<std::string> LookForDisplay(const std::string& server,
                                           const std::string& display);

}  // namespace oriel::clients
