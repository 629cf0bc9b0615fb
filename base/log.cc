#include "base/log.h"

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
  for (const char c : text.substr(0, kMaxBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += {'\\', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    } else {
      quoted += c;
    }
  }
  return quoted + (text.size() > kMaxBytes ? "...\"" : "\"");
}

}  // namespace oriel
