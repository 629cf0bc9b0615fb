#pragma once

#include <string>

#include "absl/status/status.h"
#include "clients/cli/console.h"

namespace oriel::clients {

// Asked before the bytes are: kInvalidArgument when `output` is "-" and
// standard output is a terminal. `what` begins the sentence: "an EDID".
absl::Status CheckOutput(const std::string& output, const std::string& what,
                         const Console& console);

// To standard output, or to a file: whole or not at all.
absl::Status SaveBytes(const std::string& output, const std::string& bytes,
                       Console& console);

}  // namespace oriel::clients
