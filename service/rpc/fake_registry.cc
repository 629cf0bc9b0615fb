#include "service/rpc/fake_registry.h"

#include <utility>

namespace oriel::rpc {

FakeViewer::FakeViewer(uint64_t id, std::string display,
                       session::ViewerOptions options,
                       std::shared_ptr<session::ViewerSink> sink)
    : id_(id),
      display_(std::move(display)),
      options_(options),
      sink_(std::move(sink)) {}

void FakeViewer::OnWritten() {
  MutexLock lock(mutex_);
  ++written_;
  changed_.NotifyAll();
}

absl::Status FakeViewer::Control(const session::ViewerControl& control) {
  MutexLock lock(mutex_);
  controls_.push_back(control);
  changed_.NotifyAll();
  if (control.applied_sequence <= kNewestSequence) return absl::OkStatus();
  return absl::InvalidArgumentError("acknowledged what was never sent");
}

void FakeViewer::Leave() {
  MutexLock lock(mutex_);
  left_ = true;
  changed_.NotifyAll();
}

int FakeViewer::written_count() const {
  MutexLock lock(mutex_);
  return written_;
}

void FakeViewer::AwaitWritten(int count) {
  MutexLock lock(mutex_);
  while (written_ < count) changed_.Wait(mutex_);
}

void FakeViewer::AwaitLeft() {
  MutexLock lock(mutex_);
  while (!left_) changed_.Wait(mutex_);
}

session::ViewerControl FakeViewer::AwaitControl(size_t index) {
  MutexLock lock(mutex_);
  while (controls_.size() <= index) changed_.Wait(mutex_);
  return controls_[index];
}

FakeRegistry::~FakeRegistry() { Stop(); }

void FakeRegistry::SetDisplay(const session::DisplayStatus& status) {
  {
    MutexLock lock(mutex_);
    displays_[status.name] = status;
  }
  Notify(status.name);
}

absl::Status FakeRegistry::RemoveDisplay(const std::string& name,
                                         const std::string& /*reason*/) {
  {
    MutexLock lock(mutex_);
    displays_.erase(name);
  }
  Notify(name);
  return absl::OkStatus();
}

absl::Status FakeRegistry::AddDisplay(session::DisplayOptions options) {
  SetDisplay({.name = options.name, .device = options.device});
  return absl::OkStatus();
}

void FakeRegistry::TryOpening(const std::string& /*name*/) {}

void FakeRegistry::SetDevice(absl::StatusOr<capture::Device*> device) {
  MutexLock lock(mutex_);
  device_ = std::move(device);
}

void FakeRegistry::VisitDevice(const std::string& /*display*/,
                               DeviceVisit visit) {
  absl::StatusOr<capture::Device*> device;
  {
    MutexLock lock(mutex_);
    device = device_;
  }
  visit(std::move(device));
}

// Under the lock, as the contract allows: a subscriber that asks the registry
// from inside its notice blocks for ever here.
void FakeRegistry::Notify(const std::string& name) {
  MutexLock lock(mutex_);
  for (const auto& [id, on_change] : subscriptions_) on_change(name);
}

void FakeRegistry::SetSnapshot(absl::StatusOr<capture::Frame> frame) {
  MutexLock lock(mutex_);
  snapshot_ = std::move(frame);
}

void FakeRegistry::RefuseViewers(absl::Status error) {
  MutexLock lock(mutex_);
  refusal_ = std::move(error);
}

void FakeRegistry::OnOpen(std::function<void(FakeViewer&)> on_open) {
  MutexLock lock(mutex_);
  on_open_ = std::move(on_open);
}

std::shared_ptr<FakeViewer> FakeRegistry::AwaitViewer(size_t index) {
  MutexLock lock(mutex_);
  while (viewers_.size() <= index) changed_.Wait(mutex_);
  return viewers_[index];
}

std::vector<std::shared_ptr<FakeViewer>> FakeRegistry::viewers() const {
  MutexLock lock(mutex_);
  return viewers_;
}

int FakeRegistry::subscription_count() const {
  MutexLock lock(mutex_);
  return static_cast<int>(subscriptions_.size());
}

std::vector<session::DisplayStatus> FakeRegistry::List() const {
  MutexLock lock(mutex_);
  std::vector<session::DisplayStatus> list;
  for (const auto& [name, status] : displays_) list.push_back(status);
  return list;
}

absl::StatusOr<session::DisplayStatus> FakeRegistry::Get(
    const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = displays_.find(name);
  if (found == displays_.end()) {
    return absl::NotFoundError("no display \"" + name + "\"");
  }
  return found->second;
}

uint64_t FakeRegistry::Subscribe(
    std::function<void(const std::string& name)> on_change) {
  MutexLock lock(mutex_);
  const uint64_t id = subscriptions_.size() + 1;
  subscriptions_[id] = std::move(on_change);
  return id;
}

void FakeRegistry::Unsubscribe(uint64_t subscription) {
  MutexLock lock(mutex_);
  subscriptions_.erase(subscription);
}

absl::StatusOr<std::shared_ptr<session::Viewer>> FakeRegistry::OpenViewer(
    const std::string& display, const session::ViewerOptions& options,
    std::shared_ptr<session::ViewerSink> sink) {
  std::shared_ptr<FakeViewer> viewer;
  std::function<void(FakeViewer&)> on_open;
  {
    MutexLock lock(mutex_);
    if (!refusal_.ok()) return refusal_;
    viewer = std::make_shared<FakeViewer>(viewers_.size() + 77, display,
                                          options, std::move(sink));
    viewers_.push_back(viewer);
    on_open = on_open_;
    changed_.NotifyAll();
  }
  if (on_open) on_open(*viewer);
  return viewer;
}

std::shared_ptr<session::Viewer> FakeRegistry::FindViewer(
    uint64_t viewer_id) const {
  for (const auto& viewer : viewers()) {
    if (viewer->id() == viewer_id) return viewer;
  }
  return nullptr;
}

void FakeRegistry::TakeSnapshot(
    const std::string& /*display*/,
    std::function<void(absl::StatusOr<capture::Frame>)> done) {
  MutexLock lock(mutex_);
  threads_.emplace_back(
      [done = std::move(done), frame = snapshot_] { done(frame); });
}

void FakeRegistry::Stop() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace oriel::rpc
