#pragma once

#include <functional>
#include <string>

#include "base/mutex.h"
#include "service/session/display_registry.h"

namespace oriel::session {

// Returns the display's status once `enough` is true of it.
inline DisplayStatus AwaitStatus(
    DisplayRegistry& registry, const std::string& name,
    const std::function<bool(const DisplayStatus&)>& enough) {
  Mutex mutex;
  CondVar changed;
  int changes = 0;
  const uint64_t subscription =
      registry.Subscribe([&](const std::string& which) {
        MutexLock lock(mutex);
        changes += which == name ? 1 : 0;
        changed.NotifyAll();
      });
  int seen = 0;
  DisplayStatus status;
  while (true) {
    status = *registry.Get(name);
    if (enough(status)) break;
    MutexLock lock(mutex);
    while (changes == seen) changed.Wait(mutex);
    seen = changes;
  }
  registry.Unsubscribe(subscription);
  return status;
}

inline DisplayStatus AwaitState(DisplayRegistry& registry,
                                const std::string& name, DisplayState state) {
  return AwaitStatus(registry, name, [state](const DisplayStatus& status) {
    return status.state == state;
  });
}

}  // namespace oriel::session
