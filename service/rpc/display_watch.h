#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "oriel/v1/display.pb.h"
#include "service/session/display_registry.h"

namespace oriel::rpc {

using DisplayEvent = std::shared_ptr<const v1::WatchDisplaysResponse>;

// What one WatchDisplays call has still to send: for each display the newest
// event only, so it holds at most one event a display. Not locked.
class DisplayEventQueue {
 public:
  // The displays of the beginning, in this order; `synced` follows them.
  void Begin(std::vector<DisplayEvent> displays);
  void Push(const std::string& name, DisplayEvent event);
  // Null when there is nothing to send now.
  DisplayEvent Pop();

 private:
  std::deque<std::string> order_;  // each name once; its event is in newest_
  std::map<std::string, DisplayEvent> newest_;
  // How many of order_ come before `synced`; empty: synced was sent, or Begin
  // has not been called.
  std::optional<size_t> before_synced_;
};

// One WatchDisplays call. Called from the watch's thread.
class DisplayWatcher {
 public:
  virtual ~DisplayWatcher() = default;
  virtual void Begin(std::vector<DisplayEvent> displays) = 0;
  virtual void Push(const std::string& name, DisplayEvent event) = 0;
  virtual void End(const absl::Status& status) = 0;
};

// Turns the registry's notices into events, once for all watchers, on a thread
// of its own: the registry may not be asked from inside its notice. Pending
// notices are a set of names. Thread-safe.
class DisplayWatch {
 public:
  // `registry` outlives this.
  explicit DisplayWatch(session::DisplayRegistry* registry);
  ~DisplayWatch();

  // kResourceExhausted: too many. A watcher that is no longer referenced
  // elsewhere is forgotten.
  absl::Status Add(const std::shared_ptr<DisplayWatcher>& watcher);
  // Ends all watchers with kUnavailable, and later ones at once.
  void Stop();

 private:
  void Run();
  void Begin(DisplayWatcher& watcher);
  void PushAll(const std::string& name);
  std::vector<std::shared_ptr<DisplayWatcher>> LiveWatchers()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  session::DisplayRegistry* const registry_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<std::string> changed_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<DisplayWatcher>> joining_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<DisplayWatcher>> watchers_ ABSL_GUARDED_BY(mutex_);
  uint64_t subscription_ = 0;
  std::thread thread_;
};

}  // namespace oriel::rpc
