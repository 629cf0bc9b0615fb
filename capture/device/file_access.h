#pragma once

#include <string>

#include "absl/status/status.h"

namespace oriel::capture {

// kPermissionDenied for `path`, which `tried` could not open: its mode, owner
// and group, who we are, and how an administrator lets us in.
absl::Status AccessDenied(const std::string& tried, const std::string& path);

}  // namespace oriel::capture
