#include "base/log.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace oriel {
namespace {

// sd-daemon(3): the syslog priority in front of a line.
class PriorityFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const char* priority = "<6>";
    switch (message.level) {
      case spdlog::level::critical:
      case spdlog::level::err:
        priority = "<3>";
        break;
      case spdlog::level::warn:
        priority = "<4>";
        break;
      case spdlog::level::trace:
      case spdlog::level::debug:
        priority = "<7>";
        break;
      default:
        break;
    }
    out.append(priority, priority + 3);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PriorityFlag>();
  }
};

// Characters that print nothing and change how what follows is read: where
// lines end, and in which direction text runs.
bool IsControl(uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c ||
         code == 0x200e || code == 0x200f ||
         (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

// Bytes of the character that `text` begins with; 0: it is none that prints, or
// not UTF-8 (RFC 3629).
size_t PrintableLength(std::string_view text) {
  const auto byte = [text](size_t i) {
    return static_cast<uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const uint32_t first = byte(0);
  if (first < 0x80) return IsControl(first) ? 0 : 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  uint32_t code = first & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kLeast[] = {0x80, 0x800, 0x10000};
  if (code < kLeast[length - 2] || code > 0x10ffff ||
      (code >= 0xd800 && code < 0xe000) || IsControl(code)) {
    return 0;
  }
  return length;
}

}  // namespace

bool InitLogging(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>(
      "oriel", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (std::getenv("JOURNAL_STREAM") != nullptr) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<PriorityFlag>('*').set_pattern("%*%v");
    logger->set_formatter(std::move(formatter));
  } else {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  }
  const auto parsed = spdlog::level::from_str(level);
  const bool known = parsed != spdlog::level::off || level == "off";
  logger->set_level(known ? parsed : spdlog::level::info);
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  return known;
}

std::string LogText(std::string_view text) {
  constexpr size_t kMaxBytes = 1000;
  constexpr char kHexDigits[] = "0123456789abcdef";
  std::string quoted = "\"";
  size_t at = 0;
  while (at < std::min(text.size(), kMaxBytes)) {
    const char c = text[at];
    const size_t length = PrintableLength(text.substr(at));
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (length == 0) {
      const auto byte = static_cast<unsigned char>(c);
      quoted += {'\\', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    } else {
      quoted += text.substr(at, length);
    }
    at += std::max(length, size_t{1});
  }
  return quoted + (at < text.size() ? "...\"" : "\"");
}

}  // namespace oriel
