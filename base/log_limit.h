#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"

namespace oriel {

// Which lines of a kind are logged, where a lasting fault of a device, a guest,
// a client or a file could cause them for ever: a text that is new, and one
// that has not come for ten minutes; of texts that are always new twenty, and
// then one a minute. Those that are not are counted. Thread-safe.
class LogLimit {
 public:
  // Empty: not to be logged. Else what belongs at the line's end: how many were
  // not, " unsaid=12", or nothing.
  std::optional<std::string> Admit(std::string_view text,
                                   Time now = Clock::now());
  // The fault has ended: whatever comes next is new. The count as above.
  std::string End();

 private:
  static constexpr int kLines = 20;

  struct Text {
    std::string text;
    Time last_seen;
  };

  bool IsRepeated(std::string_view text, Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakeLine(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string TakeUnsaid() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  std::deque<Text> texts_ ABSL_GUARDED_BY(mutex_);  // the oldest first
  int lines_ ABSL_GUARDED_BY(mutex_) = kLines;      // that are left
  Time refilled_ ABSL_GUARDED_BY(mutex_){};
  int64_t unsaid_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace oriel
