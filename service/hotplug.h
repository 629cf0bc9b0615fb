#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "capture/discovery/link_watch.h"
#include "capture/discovery/uevent_source.h"

namespace oriel::service {

// Follows the devices that displays open themselves: a display is woken as
// soon as the kernel tells that its device has come, and a device's link is
// looked at as soon as it tells that one goes. Where nothing can be heard,
// displays wait for their pauses and links for their period. One thread while
// it listens. Thread-bound, but for links.
class Hotplug {
 public:
  using Wake = std::function<void(const std::string& display)>;

  ~Hotplug() { Stop(); }

  // Thread-safe; lives as long as this.
  capture::LinkWatch* links() { return &links_; }

  // Before Start: `display` opens `device`, named as in the configuration.
  void Expect(const std::string& device, const std::string& display);
  // Listens to `source` if any device is expected; an error is logged. `wake`
  // is called on a thread of its own and returns at once.
  void Start(absl::StatusOr<std::unique_ptr<capture::UeventSource>> source,
             Wake wake);
  void Stop();

 private:
  void Run();
  // Takes what has come; an error when no more ever will.
  absl::Status Hear();
  void Appeared(const std::string& device);
  void WakeDue();
  int PollTimeoutMs() const;

  capture::LinkWatch links_;
  std::multimap<std::string, std::string> displays_;  // by canonical device
  std::unique_ptr<capture::UeventSource> source_;
  Wake wake_;
  UniqueFd stop_;
  std::set<std::pair<Time, std::string>> due_;  // devices; the thread's
  std::thread thread_;
};

}  // namespace oriel::service
