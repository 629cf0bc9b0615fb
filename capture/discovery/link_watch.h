#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "capture/device/hangup_event.h"
#include "capture/discovery/find_group.h"

namespace oriel::capture {

// A device's place in sysfs, which the kernel takes away before it waits for
// whoever has the device open.
struct DeviceLink {
  std::string device;  // for people: "mdev 83b8f4f2-..."
  std::string folder;  // on its bus
  std::string driver;  // where the folder's `driver` link leads
};

// `name` is canonical. kNotFound: it is not there; kFailedPrecondition: no
// driver has it.
absl::StatusOr<DeviceLink> FindDeviceLink(const std::string& name,
                                          const HostPaths& host = {});

// Looks four times a second whether devices are still in their place: sysfs
// sends no events, many drivers (mdpy, mbochs, GVT-g) do not ask for a device
// back, and a removal waits until it is let go of. One thread while something
// is watched. Thread-safe.
class LinkWatch {
 public:
  static constexpr std::chrono::milliseconds kPeriod{250};

  LinkWatch() = default;
  ~LinkWatch();
  LinkWatch(const LinkWatch&) = delete;
  LinkWatch& operator=(const LinkWatch&) = delete;

  // Reports to `hangup` once `link` is gone, which may be at once. Ends by
  // itself when nobody else has `hangup` any more.
  void Watch(DeviceLink link, const std::shared_ptr<HangupEvent>& hangup);
  // Looks now: something was heard of a removal.
  void CheckSoon();

 private:
  struct Entry {
    DeviceLink link;
    std::weak_ptr<HangupEvent> hangup;
  };

  void EnsureThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();

  Mutex mutex_;
  CondVar changed_;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;  // there is a thread
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool check_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oriel::capture
