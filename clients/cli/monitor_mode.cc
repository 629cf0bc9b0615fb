#include "clients/cli/monitor_mode.h"

#include <charconv>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace oriel::clients {
namespace {

constexpr uint32_t kDefaultRefreshMillihz = 60'000;
constexpr uint32_t kMinRefreshMillihz = 1'000;
constexpr uint32_t kMaxRefreshMillihz = 1'000'000;
constexpr uint32_t kMaxSidePx = 65'535;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Digits alone, all of them; what is too large for 32 bits is their largest
// number, and out of any range here.
std::optional<uint32_t> ParseNumber(const std::string& text) {
  if (text.empty()) return std::nullopt;
  for (const char c : text) {
    if (!IsDigit(c)) return std::nullopt;
  }
  uint32_t number = 0;
  const auto [rest, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? number : UINT32_MAX;
}

// "59.94" as 59940; at most three digits behind the point count.
std::optional<uint32_t> ParseThousandths(const std::string& text) {
  const size_t point = text.find('.');
  const std::optional<uint32_t> whole = ParseNumber(text.substr(0, point));
  if (!whole) return std::nullopt;
  std::optional<uint32_t> part = 0;
  if (point != std::string::npos) {
    std::string digits = text.substr(point + 1);
    if (digits.empty() || digits.size() > 3) return std::nullopt;
    digits.resize(3, '0');
    part = ParseNumber(digits);
  }
  if (!part) return std::nullopt;
  return *whole > kMaxRefreshMillihz ? UINT32_MAX : *whole * 1000 + *part;
}

absl::Status NoMode(const std::string& text) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "'%s' is no mode; write for example 1600x900, 1600x900@75 or "
      "1600x900@59.94",
      text));
}

}  // namespace

absl::StatusOr<v1::MonitorMode> ParseMonitorMode(const std::string& text) {
  const size_t at = text.find('@');
  const std::string size = text.substr(0, at);
  const size_t cross = size.find('x');
  if (cross == std::string::npos) return NoMode(text);
  const auto width_px = ParseNumber(size.substr(0, cross));
  const auto height_px = ParseNumber(size.substr(cross + 1));
  const auto refresh_millihz = at == std::string::npos
                                   ? std::optional(kDefaultRefreshMillihz)
                                   : ParseThousandths(text.substr(at + 1));
  if (!width_px || !height_px || !refresh_millihz) return NoMode(text);
  for (const uint32_t side_px : {*width_px, *height_px}) {
    if (side_px == 0 || side_px > kMaxSidePx) {
      return absl::InvalidArgumentError(
          absl::StrFormat("'%s' is out of range: each side has 1 to %d pixels",
                          text, kMaxSidePx));
    }
  }
  if (*refresh_millihz < kMinRefreshMillihz ||
      *refresh_millihz > kMaxRefreshMillihz) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "'%s' is out of range: a monitor has 1 to 1000 Hz", text));
  }
  v1::MonitorMode mode;
  mode.set_width_px(*width_px);
  mode.set_height_px(*height_px);
  mode.set_refresh_millihz(*refresh_millihz);
  return mode;
}

std::string FormatMode(int64_t width_px, int64_t height_px,
                       uint32_t refresh_millihz, bool interlaced) {
  return absl::StrFormat("%dx%d%s at %.2f Hz", width_px, height_px,
                         interlaced ? "i" : "", refresh_millihz / 1000.0);
}

}  // namespace oriel::clients
