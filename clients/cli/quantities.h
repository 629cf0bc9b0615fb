#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace oriel::clients {

// "10s", "1.5s", "500ms", "2m", "1h", "7d"; a plain number is seconds. More
// than zero and at most 366 days, else kInvalidArgument.
absl::StatusOr<std::chrono::milliseconds> ParseDuration(
    const std::string& text);

// "0 B", "9.8 kB", "12.3 MB": powers of 1000.
std::string FormatBytes(uint64_t bytes);

// "512 B", "4 KiB", "1.5 GiB": powers of 1024, for memory and address space.
std::string FormatMemory(uint64_t bytes);

// "00:01:02.5".
std::string FormatClock(std::chrono::milliseconds duration);

// "1.2 ms", below a millisecond "0.05 ms".
std::string FormatMicroseconds(uint64_t microseconds);

}  // namespace oriel::clients
