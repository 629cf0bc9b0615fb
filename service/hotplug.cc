#include "service/hotplug.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/log.h"
#include "capture/discovery/find_group.h"
#include "spdlog/spdlog.h"

namespace oriel::service {
namespace {

using std::chrono::milliseconds;

// The kernel tells before udevd has set the mode of the group's file.
constexpr milliseconds kAttempts[] = {milliseconds(0), milliseconds(50),
                                      milliseconds(200), milliseconds(1000)};
// So that Stop never waits for an endless stream of events.
constexpr int kMaxEventsAtOnce = 256;

void LogDeaf(const absl::Status& status) {
  spdlog::warn(
      "event=no_uevents reason={} effect=\"devices that come back are found "
      "seconds later\"",
      LogText(std::string(status.message())));
}

}  // namespace

void Hotplug::Expect(const std::string& device, const std::string& display) {
  const absl::StatusOr<std::string> name = capture::CanonicalDeviceName(device);
  if (name.ok()) displays_.emplace(*name, display);
}

void Hotplug::Start(
    absl::StatusOr<std::unique_ptr<capture::UeventSource>> source, Wake wake) {
  if (displays_.empty()) return;
  if (!source.ok()) return LogDeaf(source.status());
  stop_ = UniqueFd(eventfd(0, EFD_CLOEXEC));
  if (!stop_.valid())
    return LogDeaf(absl::ErrnoToStatus(errno, "create an eventfd"));
  source_ = *std::move(source);
  wake_ = std::move(wake);
  thread_ = std::thread([this] { Run(); });
  ::pthread_setname_np(thread_.native_handle(), "hotplug");
}

void Hotplug::Stop() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

void Hotplug::Run() {
  pollfd fds[] = {{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                  {.fd = source_->fd(), .events = POLLIN, .revents = 0}};
  while (true) {
    // EINTR looks like nothing that came.
    if (poll(fds, std::size(fds), PollTimeoutMs()) < 0) continue;
    if (fds[0].revents != 0) return;
    if (fds[1].revents != 0) {
      const absl::Status heard = Hear();
      if (!heard.ok()) {
        LogDeaf(heard);
        fds[1].fd = -1;
        fds[1].revents = 0;
      }
    }
    WakeDue();
  }
}

absl::Status Hotplug::Hear() {
  for (int i = 0; i < kMaxEventsAtOnce; ++i) {
    const absl::StatusOr<std::optional<capture::Uevent>> event =
        source_->Receive();
    if (absl::IsDataLoss(event.status())) {
      links_.CheckSoon();
      for (const auto& [device, display] : displays_) Appeared(device);
      continue;
    }
    if (!event.ok()) return event.status();
    if (!event->has_value()) return absl::OkStatus();
    const std::string device = capture::DeviceOf(**event);
    if (!displays_.contains(device)) continue;
    const std::string& action = (*event)->action;
    if (action == "add" || action == "bind") Appeared(device);
    if (action == "remove" || action == "unbind") links_.CheckSoon();
  }
  return absl::OkStatus();
}

void Hotplug::Appeared(const std::string& device) {
  std::erase_if(due_,
                [&](const auto& entry) { return entry.second == device; });
  const Time now = Clock::now();
  for (const milliseconds pause : kAttempts) due_.emplace(now + pause, device);
}

void Hotplug::WakeDue() {
  const Time now = Clock::now();
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto [first, last] = displays_.equal_range(due_.begin()->second);
    for (auto display = first; display != last; ++display)
      wake_(display->second);
    due_.erase(due_.begin());
  }
}

int Hotplug::PollTimeoutMs() const {
  if (due_.empty()) return -1;
  const auto left =
      std::chrono::ceil<milliseconds>(due_.begin()->first - Clock::now());
  return static_cast<int>(std::max<milliseconds::rep>(left.count(), 0));
}

}  // namespace oriel::service
