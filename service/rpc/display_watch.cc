#include "service/rpc/display_watch.h"

#include <utility>

#include "service/rpc/messages.h"

namespace oriel::rpc {
namespace {

constexpr size_t kMaxWatchers = 256;

DisplayEvent EventOf(const session::DisplayStatus& status) {
  auto event = std::make_shared<v1::WatchDisplaysResponse>();
  *event->mutable_display() = ToProto(status);
  return event;
}

absl::Status Stopping() { return absl::UnavailableError("the daemon stops"); }

}  // namespace

void DisplayEventQueue::Begin(std::vector<DisplayEvent> displays) {
  before_synced_ = displays.size();
  for (DisplayEvent& event : displays) {
    const std::string& name = event->display().name();
    order_.push_back(name);
    newest_[name] = std::move(event);
  }
}

void DisplayEventQueue::Push(const std::string& name, DisplayEvent event) {
  const auto [place, added] = newest_.insert_or_assign(name, std::move(event));
  if (added) order_.push_back(name);
}

DisplayEvent DisplayEventQueue::Pop() {
  if (before_synced_ == 0u) {
    before_synced_.reset();
    auto synced = std::make_shared<v1::WatchDisplaysResponse>();
    synced->set_synced(true);
    return synced;
  }
  if (order_.empty()) return nullptr;
  auto node = newest_.extract(order_.front());
  order_.pop_front();
  if (before_synced_.has_value()) --*before_synced_;
  return std::move(node.mapped());
}

DisplayWatch::DisplayWatch(session::DisplayRegistry* registry)
    : registry_(registry) {
  subscription_ = registry_->Subscribe([this](const std::string& name) {
    MutexLock lock(mutex_);
    changed_.insert(name);
    wake_.NotifyOne();
  });
  thread_ = std::thread([this] { Run(); });
}

DisplayWatch::~DisplayWatch() { Stop(); }

absl::Status DisplayWatch::Add(const std::shared_ptr<DisplayWatcher>& watcher) {
  MutexLock lock(mutex_);
  if (stopping_) return Stopping();
  if (joining_.size() + LiveWatchers().size() >= kMaxWatchers) {
    return absl::ResourceExhaustedError(
        "too many clients watch the displays; end one, or poll ListDisplays");
  }
  joining_.push_back(watcher);
  wake_.NotifyOne();
  return absl::OkStatus();
}

void DisplayWatch::Stop() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    wake_.NotifyOne();
  }
  registry_->Unsubscribe(subscription_);
  thread_.join();
  std::vector<std::shared_ptr<DisplayWatcher>> watchers;
  {
    MutexLock lock(mutex_);
    watchers_.insert(watchers_.end(), joining_.begin(), joining_.end());
    watchers = LiveWatchers();
  }
  for (const auto& watcher : watchers) watcher->End(Stopping());
}

void DisplayWatch::Run() {
  while (true) {
    std::vector<std::weak_ptr<DisplayWatcher>> joining;
    std::set<std::string> changed;
    {
      MutexLock lock(mutex_);
      while (!stopping_ && changed_.empty() && joining_.empty()) {
        wake_.Wait(mutex_);
      }
      if (stopping_) return;
      joining.swap(joining_);
      changed.swap(changed_);
      watchers_.insert(watchers_.end(), joining.begin(), joining.end());
    }
    // In this order: what changed before the list was made is in the list,
    // and its event afterwards says no more than that.
    for (const auto& weak : joining) {
      if (const auto watcher = weak.lock()) Begin(*watcher);
    }
    for (const std::string& name : changed) PushAll(name);
  }
}

void DisplayWatch::Begin(DisplayWatcher& watcher) {
  std::vector<DisplayEvent> events;
  for (const session::DisplayStatus& status : registry_->List()) {
    events.push_back(EventOf(status));
  }
  watcher.Begin(std::move(events));
}

void DisplayWatch::PushAll(const std::string& name) {
  const absl::StatusOr<session::DisplayStatus> status = registry_->Get(name);
  DisplayEvent event;
  if (status.ok()) {
    event = EventOf(*status);
  } else {
    auto removed = std::make_shared<v1::WatchDisplaysResponse>();
    removed->set_removed_name(name);
    event = std::move(removed);
  }
  std::vector<std::shared_ptr<DisplayWatcher>> watchers;
  {
    MutexLock lock(mutex_);
    watchers = LiveWatchers();
  }
  for (const auto& watcher : watchers) watcher->Push(name, event);
}

std::vector<std::shared_ptr<DisplayWatcher>> DisplayWatch::LiveWatchers() {
  std::vector<std::shared_ptr<DisplayWatcher>> live;
  std::erase_if(watchers_, [&live](const std::weak_ptr<DisplayWatcher>& weak) {
    live.push_back(weak.lock());
    if (live.back() != nullptr) return false;
    live.pop_back();
    return true;
  });
  return live;
}

}  // namespace oriel::rpc
