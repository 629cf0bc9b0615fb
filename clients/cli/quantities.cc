#include "clients/cli/quantities.h"

#include <charconv>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace oriel::clients {
namespace {

constexpr double kLongestMs = 366 * 24 * 3.6e6;

}  // namespace

absl::StatusOr<std::chrono::milliseconds> ParseDuration(
    const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] =
      std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const std::string unit(rest, end);
  double unit_ms = 0;
  if (unit.empty() || unit == "s") unit_ms = 1000;
  if (unit == "ms") unit_ms = 1;
  if (unit == "m" || unit == "min") unit_ms = 60'000;
  if (unit == "h") unit_ms = 3'600'000;
  if (unit == "d") unit_ms = 24 * 3'600'000;
  if (error != std::errc() || unit_ms == 0 || !std::isfinite(number)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s' is no duration; write for example 10s, 500ms, 2m, 1h or 7d",
        text));
  }
  const double total_ms = std::round(number * unit_ms);
  if (total_ms < 1 || total_ms > kLongestMs) {
    return absl::InvalidArgumentError(
        absl::StrFormat("'%s' is out of range: 1ms to 366d", text));
  }
  return std::chrono::milliseconds(static_cast<int64_t>(total_ms));
}

std::string FormatBytes(uint64_t bytes) {
  if (bytes < 1000) return absl::StrFormat("%d B", bytes);
  double value = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* next : {"kB", "MB", "GB", "TB"}) {
    unit = next;
    value /= 1000;
    if (value < 999.95) break;
  }
  return absl::StrFormat("%.1f %s", value, unit);
}

std::string FormatMemory(uint64_t bytes) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  uint64_t unit_bytes = 1;
  size_t unit = 0;
  while (bytes / unit_bytes >= 1024) {
    unit_bytes *= 1024;
    ++unit;
  }
  if (bytes % unit_bytes == 0) {
    return absl::StrFormat("%d %s", bytes / unit_bytes, units[unit]);
  }
  return absl::StrFormat(
      "%.1f %s", static_cast<double>(bytes) / static_cast<double>(unit_bytes),
      units[unit]);
}

std::string FormatClock(std::chrono::milliseconds duration) {
  const int64_t tenths = duration.count() / 100;
  return absl::StrFormat("%02d:%02d:%02d.%d", tenths / 36'000,
                         tenths / 600 % 60, tenths / 10 % 60, tenths % 10);
}

std::string FormatMicroseconds(uint64_t microseconds) {
  const double ms = static_cast<double>(microseconds) / 1000;
  return ms < 1 ? absl::StrFormat("%.2f ms", ms)
                : absl::StrFormat("%.1f ms", ms);
}

}  // namespace oriel::clients
