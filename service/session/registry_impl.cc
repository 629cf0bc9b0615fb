#include "service/session/registry_impl.h"

#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/random.h>

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "service/session/near_names.h"

namespace oriel::session {

uint64_t ChangeNotifier::Add(OnChange on_change) {
  MutexLock lock(mutex_);
  subscribers_[++last_] = std::move(on_change);
  return last_;
}

void ChangeNotifier::Remove(uint64_t subscription) {
  MutexLock lock(mutex_);
  subscribers_.erase(subscription);
}

void ChangeNotifier::Notify(const std::string& name) {
  MutexLock lock(mutex_);
  for (const auto& [id, on_change] : subscribers_) on_change(name);
}

namespace {

int WorkerThreads(uint32_t wanted) {
  if (wanted != 0) return static_cast<int>(wanted);
  return static_cast<int>(
      std::clamp(std::thread::hardware_concurrency(), 1u, 8u));
}

// Whoever knows it may steer the viewer: not to be guessed.
absl::StatusOr<uint64_t> RandomId() {
  uint64_t id = 0;
  while (id == 0) {
    if (::getrandom(&id, sizeof(id), 0) != sizeof(id)) {
      return absl::ErrnoToStatus(errno, "draw a viewer id with getrandom");
    }
  }
  return id;
}

class RegistryImpl final : public DisplayRegistry {
 public:
  RegistryImpl(std::vector<DisplayOptions> displays,
               const RegistryLimits& limits, const WireEncoder* wire,
               Encoders encoders, const Tuning& tuning)
      : notifier_(std::make_shared<ChangeNotifier>()),
        context_(std::make_shared<SessionContext>(
            std::move(encoders), tuning, wire,
            WorkerThreads(limits.worker_threads))),
        limits_(limits) {
    absl::StatusOr<std::unique_ptr<Lifecycle>> lifecycle = Lifecycle::Start();
    if (!lifecycle.ok()) {
      spdlog::error("event=no_display_served reason={}",
                    LogText(std::string(lifecycle.status().message())));
      return;
    }
    lifecycle_ = *std::move(lifecycle);
    for (DisplayOptions& options : displays) {
      const std::string name = options.name;
      const absl::Status added = AddDisplay(std::move(options));
      if (!added.ok()) {
        spdlog::error("event=display_not_served display={} reason={}", name,
                      LogText(std::string(added.message())));
      }
    }
  }

  ~RegistryImpl() override { Stop(); }

  std::vector<DisplayStatus> List() const override {
    std::vector<DisplayStatus> list;
    for (const auto& display : Displays()) list.push_back(display->Status());
    return list;
  }

  absl::StatusOr<DisplayStatus> Get(const std::string& name) const override {
    const auto display = Find(name);
    if (!display.ok()) return display.status();
    return (*display)->Status();
  }

  uint64_t Subscribe(
      std::function<void(const std::string&)> on_change) override {
    return notifier_->Add(std::move(on_change));
  }
  void Unsubscribe(uint64_t subscription) override {
    notifier_->Remove(subscription);
  }

  absl::StatusOr<std::shared_ptr<Viewer>> OpenViewer(
      const std::string& name, const ViewerOptions& options,
      std::shared_ptr<ViewerSink> sink) override {
    const auto display = Find(name);
    if (!display.ok()) return display.status();
    const absl::StatusOr<uint64_t> id = RandomId();
    if (!id.ok()) return id.status();
    return (*display)->OpenViewer(options, std::move(sink), *id);
  }

  std::shared_ptr<Viewer> FindViewer(uint64_t viewer_id) const override {
    for (const auto& display : Displays()) {
      if (auto viewer = display->FindViewer(viewer_id)) return viewer;
    }
    return nullptr;
  }

  void TakeSnapshot(
      const std::string& name,
      std::function<void(absl::StatusOr<capture::Frame>)> done) override {
    const auto display = Find(name);
    if (display.ok()) return (*display)->TakeSnapshot(std::move(done));
    done(display.status());
  }

  void VisitDevice(const std::string& name, DeviceVisit visit) override {
    const auto display = Find(name);
    if (!display.ok()) return visit(display.status());
    (*display)->VisitDevice(std::move(visit));
  }

  void Wake(const std::string& name) override {
    const auto display = Find(name);
    if (display.ok()) (*display)->Wake();
  }

  absl::Status AddDisplay(DisplayOptions options) override {
    const std::string name = options.name;
    {
      MutexLock lock(mutex_);
      if (stopped_ || lifecycle_ == nullptr) {
        return absl::UnavailableError("the daemon stops");
      }
      if (displays_.contains(name)) {
        return absl::AlreadyExistsError(
            absl::StrFormat("there is a display '%s' already", name));
      }
      if (displays_.size() >= limits_.displays) {
        return absl::ResourceExhaustedError(
            absl::StrFormat("there are %d displays, as many as there may be",
                            displays_.size()));
      }
      auto display = std::make_shared<Display>(
          options, limits_, context_, lifecycle_.get(),
          [notifier = notifier_, name] { notifier->Notify(name); });
      display->Start();
      displays_[name] = std::move(display);
    }
    notifier_->Notify(name);
    return absl::OkStatus();
  }

  absl::Status RemoveDisplay(const std::string& name,
                             const std::string& reason) override {
    const auto display = Find(name);
    if (!display.ok()) return display.status();
    {
      MutexLock lock(mutex_);
      // Another thread removes it, or Stop does.
      if (displays_.erase(name) == 0) return absl::OkStatus();
    }
    (*display)->Stop(reason);
    (*display)->Join();
    notifier_->Notify(name);
    return absl::OkStatus();
  }

  void TryOpening(const std::string& name) override {
    const auto display = Find(name);
    if (display.ok()) (*display)->TryOpening();
  }

  void AskLifecycle(std::function<void()> answer) override {
    if (lifecycle_ == nullptr) return answer();
    const auto event = std::make_shared<UniqueFd>(::eventfd(1, EFD_CLOEXEC));
    // Without an event it is never told, as when the thread hangs.
    lifecycle_->Watch(event->get(),
                      [event, answer = std::move(answer)] { answer(); });
  }

  void Stop() override {
    MutexLock stop_lock(stop_mutex_);
    std::vector<std::shared_ptr<Display>> displays;
    {
      MutexLock lock(mutex_);
      if (std::exchange(stopped_, true)) return;
      displays = DisplaysLocked();
    }
    for (const auto& display : displays) display->Stop("the daemon stops");
    for (const auto& display : displays) display->Join();
    if (lifecycle_ != nullptr) lifecycle_->Stop();
    context_->timer.Stop();
    context_->steps.Stop();
    context_->workers.Stop();
    context_->snapshots.Stop();
    // Last: the streams' ends are still to be told.
    context_->publishers.Stop();
  }

 private:
  std::vector<std::shared_ptr<Display>> DisplaysLocked() const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<std::shared_ptr<Display>> displays;
    for (const auto& [name, display] : displays_) displays.push_back(display);
    return displays;
  }
  std::vector<std::shared_ptr<Display>> Displays() const {
    MutexLock lock(mutex_);
    return DisplaysLocked();
  }

  absl::StatusOr<std::shared_ptr<Display>> Find(const std::string& name) const {
    MutexLock lock(mutex_);
    const auto found = displays_.find(name);
    if (found != displays_.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [known, display] : displays_) names.push_back(known);
    return absl::NotFoundError(absl::StrFormat(
        "there is no display '%s'%s", name, NearNamesHint(name, names)));
  }

  const std::shared_ptr<ChangeNotifier> notifier_;
  const std::shared_ptr<SessionContext> context_;
  const RegistryLimits limits_;
  std::unique_ptr<Lifecycle> lifecycle_;  // null: threads cannot be started
  Mutex stop_mutex_;                      // held while stopping
  mutable Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, std::shared_ptr<Display>> displays_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<DisplayRegistry> CreateRegistry(
    std::vector<DisplayOptions> displays, const RegistryLimits& limits,
    const WireEncoder* wire, Encoders encoders, const Tuning& tuning) {
  return std::make_unique<RegistryImpl>(std::move(displays), limits, wire,
                                        std::move(encoders), tuning);
}

}  // namespace oriel::session
