#pragma once

#include <functional>

#include "base/mutex.h"

namespace oriel::clients {

// A wish to stop, from a signal or a test. Thread-safe.
class StopSignal {
 public:
  // Whether somebody was told, or had been.
  bool Trigger();
  bool triggered() const;

  // `on_trigger` is called once: by Trigger, or at once if that was earlier.
  // It must not call back. Empty: nobody is told any more, and a call under
  // way has ended when this returns.
  void Tell(std::function<void()> on_trigger);

 private:
  mutable Mutex mutex_;
  bool triggered_ ABSL_GUARDED_BY(mutex_) = false;
  bool told_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void()> on_trigger_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oriel::clients
