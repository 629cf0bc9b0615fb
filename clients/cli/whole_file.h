#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace oriel::clients {

// "standard input" for "-", else `path`; for messages.
std::string InputName(const std::string& path);

// Files in sysfs and debugfs, which do not tell their size, and standard input
// ("-"), too. kInternal; also for more than `max_bytes`, with `limit` as the
// reason, such as "has more than 1 MiB: that is no VBT".
absl::StatusOr<std::vector<uint8_t>> ReadWholeFile(const std::string& path,
                                                   size_t max_bytes,
                                                   const std::string& limit);

// Makes or replaces the file in one step, so that nobody sees half of it;
// things that are no files, such as /dev/stdout, are written to. Unless
// `overwrite`, kAlreadyExists for what is there. Other errors are kInternal.
absl::Status WriteWholeFile(const std::string& path, const std::string& bytes,
                            bool overwrite);

}  // namespace oriel::clients
