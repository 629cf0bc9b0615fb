#include "service/session/link_rate.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

namespace oriel::session {
namespace {

// Smaller ones tell how long messages take, not how fast they come.
constexpr size_t kMinSampleBytes = 8 * 1024;
constexpr size_t kMinSamples = 3;
// Where one message alone is under way, it may just have been made.
constexpr size_t kMinWaiting = 2;
constexpr size_t kMaxSamples = 8;
// Beyond any window of messages: a viewer that never counts costs no more.
constexpr size_t kMaxUnderWay = 2048;
constexpr Duration kShortestGap = std::chrono::microseconds(10);

}  // namespace

void LinkRate::Sent(size_t size_bytes, bool catch_up) {
  if (under_way_.size() == kMaxUnderWay) Forget();
  under_way_.push_back({++sent_count_, size_bytes, catch_up});
  if (catch_up) under_way_bytes_ += size_bytes;
}

bool LinkRate::Received(uint64_t count, Time now) {
  if (count > sent_count_) return false;
  size_t size_bytes = 0;
  bool all_catch_up = true;
  bool any = false;
  while (!under_way_.empty() && under_way_.front().number <= count) {
    const Message& message = under_way_.front();
    size_bytes += message.size_bytes;
    all_catch_up &= message.catch_up;
    if (message.catch_up) under_way_bytes_ -= message.size_bytes;
    any = true;
    under_way_.pop_front();
  }
  if (!any) return true;
  received_bytes_ += size_bytes;
  if (busy_since_.has_value() && all_catch_up &&
      size_bytes >= kMinSampleBytes) {
    const std::chrono::duration<double> gap =
        std::max(now - *busy_since_, kShortestGap);
    samples_.push_back(double(size_bytes) / gap.count());
    if (samples_.size() > kMaxSamples) samples_.pop_front();
  }
  busy_since_.reset();
  if (under_way_.size() >= kMinWaiting && under_way_.front().catch_up)
    busy_since_ = now;
  return true;
}

void LinkRate::Forget() {
  under_way_.clear();
  under_way_bytes_ = 0;
  received_bytes_ = 0;
  busy_since_.reset();
}

// The median: what is much faster are acknowledgements that were held up and
// came together, what is slower waited for something else than the link.
std::optional<double> LinkRate::bytes_per_s() const {
  if (samples_.size() < kMinSamples) return std::nullopt;
  std::vector<double> sorted(samples_.begin(), samples_.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  return sorted[(sorted.size() - 1) / 2];
}

}  // namespace oriel::session
