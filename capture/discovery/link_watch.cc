#include "capture/discovery/link_watch.h"

#include <pthread.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/clock.h"

namespace oriel::capture {
namespace {

namespace fs = std::filesystem;

bool IsMdev(const std::string& name) {
  return name.find(':') == std::string::npos;
}

std::string DriverOf(const std::string& folder) {
  std::error_code error;
  return fs::read_symlink(fs::path(folder) / "driver", error).string();
}

bool IsThere(const std::string& folder) {
  std::error_code error;
  return fs::exists(folder, error);
}

// Empty while the device is in its place.
std::string ReasonGone(const DeviceLink& link) {
  if (DriverOf(link.folder) == link.driver) return {};
  return link.device + (IsThere(link.folder) ? " is being taken from its driver"
                                             : " is being removed");
}

}  // namespace

absl::StatusOr<DeviceLink> FindDeviceLink(const std::string& name,
                                          const HostPaths& host) {
  DeviceLink link;
  link.device = (IsMdev(name) ? "mdev " : "PCI device ") + name;
  link.folder = host.sysfs +
                (IsMdev(name) ? "/bus/mdev/devices/" : "/bus/pci/devices/") +
                name;
  link.driver = DriverOf(link.folder);
  if (!link.driver.empty()) return link;
  if (!IsThere(link.folder))
    return absl::NotFoundError(absl::StrFormat("find %s: it is gone", name));
  return absl::FailedPreconditionError(
      absl::StrFormat("find the driver of %s: none has it now; bind it to %s",
                      name, IsMdev(name) ? "its vendor's driver" : "vfio-pci"));
}

LinkWatch::~LinkWatch() {
  std::thread thread;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
    thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
}

void LinkWatch::Watch(DeviceLink link,
                      const std::shared_ptr<HangupEvent>& hangup) {
  MutexLock lock(mutex_);
  entries_.push_back({std::move(link), hangup});
  check_ = true;
  EnsureThread();
  changed_.NotifyAll();
}

void LinkWatch::CheckSoon() {
  MutexLock lock(mutex_);
  check_ = true;
  changed_.NotifyAll();
}

void LinkWatch::EnsureThread() {
  if (running_ || stopping_) return;
  // The one before has nothing left to do but to return.
  if (thread_.joinable()) thread_.join();
  running_ = true;
  thread_ = std::thread([this] { Run(); });
  ::pthread_setname_np(thread_.native_handle(), "link-watch");
}

void LinkWatch::Run() {
  std::vector<Entry> entries;
  while (true) {
    {
      MutexLock lock(mutex_);
      const Time due = Clock::now() + kPeriod;
      while (!stopping_ && !check_ && Clock::now() < due)
        changed_.WaitUntil(mutex_, due);
      check_ = false;
      std::erase_if(entries_,
                    [](const Entry& entry) { return entry.hangup.expired(); });
      if (stopping_ || entries_.empty()) {
        running_ = false;
        return;
      }
      entries = entries_;
    }
    for (const Entry& entry : entries) {
      const std::string reason = ReasonGone(entry.link);
      if (reason.empty()) continue;
      // A second report, until the device is closed, changes nothing.
      if (const auto hangup = entry.hangup.lock()) hangup->Report(reason);
    }
    entries.clear();
  }
}

}  // namespace oriel::capture
