#include "base/log_limit.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace oriel {
namespace {

constexpr Duration kForgetAfter = std::chrono::minutes(10);
constexpr Duration kLinePause = std::chrono::minutes(1);
constexpr size_t kMaxTexts = 32;
constexpr size_t kMaxTextBytes = 1000;

}  // namespace

std::optional<std::string> LogLimit::Admit(std::string_view text, Time now) {
  MutexLock lock(mutex_);
  if (IsRepeated(text.substr(0, kMaxTextBytes), now) || !TakeLine(now)) {
    ++unsaid_;
    return std::nullopt;
  }
  return TakeUnsaid();
}

std::string LogLimit::End() {
  MutexLock lock(mutex_);
  texts_.clear();
  return TakeUnsaid();
}

bool LogLimit::IsRepeated(std::string_view text, Time now) {
  std::erase_if(texts_, [now](const Text& known) {
    return now - known.last_seen >= kForgetAfter;
  });
  const auto found =
      std::find_if(texts_.begin(), texts_.end(),
                   [text](const Text& known) { return known.text == text; });
  if (found != texts_.end()) {
    found->last_seen = now;
    return true;
  }
  if (texts_.size() == kMaxTexts) texts_.pop_front();
  texts_.push_back({std::string(text), now});
  return false;
}

bool LogLimit::TakeLine(Time now) {
  if (now - refilled_ >= kLinePause) {
    const int64_t pauses = (now - refilled_) / kLinePause;
    lines_ = static_cast<int>(std::min<int64_t>(kLines, lines_ + pauses));
    refilled_ = now;
  }
  if (lines_ == 0) return false;
  --lines_;
  return true;
}

std::string LogLimit::TakeUnsaid() {
  const int64_t unsaid = std::exchange(unsaid_, 0);
  return unsaid == 0 ? "" : " unsaid=" + std::to_string(unsaid);
}

}  // namespace oriel
