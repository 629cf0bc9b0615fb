#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace oriel::service {

// A part of the daemon that must not hang. A display's own thread is none: a
// device that hangs costs its display only.
struct WatchedPart {
  std::string name;
  // Has the part call `answer` once; returns at once.
  std::function<void(std::function<void()> answer)> ask;
};

// One thread that asks every part, again and again, and calls `ping` whenever
// all have answered: none comes while one of them hangs. A part that takes long
// is named in the log.
class Watchdog {
 public:
  // `pause`: between two rounds, and what counts as long.
  Watchdog(std::vector<WatchedPart> parts, Duration pause,
           std::function<void()> ping);
  // Waits for no answer; those that come later mean nothing.
  ~Watchdog();

 private:
  struct State;

  void Run();
  // False: it is to end.
  bool AwaitAnswers();

  const std::vector<WatchedPart> parts_;
  const Duration pause_;
  const std::function<void()> ping_;
  const std::shared_ptr<State> state_;  // answers may outlive the watchdog
  std::thread thread_;
};

}  // namespace oriel::service
