#include "clients/cli/stop_signal.h"

#include <utility>

namespace oriel::clients {

bool StopSignal::Trigger() {
  MutexLock lock(mutex_);
  triggered_ = true;
  told_ |= on_trigger_ != nullptr;
  if (on_trigger_) std::exchange(on_trigger_, nullptr)();
  return told_;
}

bool StopSignal::triggered() const {
  MutexLock lock(mutex_);
  return triggered_;
}

void StopSignal::Tell(std::function<void()> on_trigger) {
  MutexLock lock(mutex_);
  on_trigger_ = std::move(on_trigger);
  if (triggered_ && on_trigger_) std::exchange(on_trigger_, nullptr)();
}

}  // namespace oriel::clients
