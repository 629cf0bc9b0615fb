#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "service/session/display.h"
#include "service/session/display_registry.h"
#include "service/session/lifecycle.h"
#include "service/session/session_context.h"

namespace oriel::session {

// Calls subscribers one at a time; Remove waits for a call under way.
// Thread-safe.
class ChangeNotifier {
 public:
  using OnChange = std::function<void(const std::string& name)>;
  uint64_t Add(OnChange on_change);
  void Remove(uint64_t subscription);
  void Notify(const std::string& name);

 private:
  Mutex mutex_;  // held during calls
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, OnChange> subscribers_ ABSL_GUARDED_BY(mutex_);
};

// With encoders and tuning of the caller's choice.
std::unique_ptr<DisplayRegistry> CreateRegistry(
    std::vector<DisplayOptions> displays, const RegistryLimits& limits,
    const WireEncoder* wire, Encoders encoders, const Tuning& tuning);

}  // namespace oriel::session
