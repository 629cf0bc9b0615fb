#pragma once

#include <chrono>

namespace oriel {

// All times inside the daemon. Between machines only durations travel:
// monotonic clocks of two machines have nothing in common.
using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Duration = Clock::duration;

}  // namespace oriel
