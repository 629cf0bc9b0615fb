#include "service/session/display.h"

#include <malloc.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace oriel::session {
namespace {

constexpr Duration kTrimPause = std::chrono::seconds(2);
// A device that stays for less is the same trouble again.
constexpr Duration kSettled = std::chrono::minutes(1);
constexpr char kOpening[] = "its device is being opened";

CaptureLoopOptions LoopOptions(const DisplayOptions& options,
                               const Tuning& tuning) {
  return {.display = options.name,
          .max_rate_hz = options.max_rate_hz,
          .open = options.open,
          .first_attach_pause = tuning.first_attach_pause,
          .longest_attach_pause = tuning.longest_attach_pause,
          .unreadable_retry = tuning.unreadable_retry,
          .unwatched_pause = tuning.unwatched_pause,
          .max_visits = tuning.visits_per_display};
}

}  // namespace

Display::Display(const DisplayOptions& options, const RegistryLimits& limits,
                 std::shared_ptr<SessionContext> context, Lifecycle* lifecycle,
                 std::function<void()> on_change)
    : options_(options),
      limits_(limits),
      context_(std::move(context)),
      on_change_(std::move(on_change)),
      reason_(kOpening),
      loop_(LoopOptions(options, context_->tuning), lifecycle, this) {}

DisplayStatus Display::Status() const {
  MutexLock lock(mutex_);
  return {
      .name = options_.name,
      .state = state_,
      .state_reason = reason_,
      .device = options_.device,
      .device_name = options_.device_name,
      .framebuffer = state_ == DisplayState::kUnavailable ? "" : framebuffer_,
      .plane = plane_,
      .encodings = context_->encoders.encodings,
      .viewer_count = ViewerCount(),
      .read_bytes_per_second = read_bytes_per_second_};
}

uint32_t Display::ViewerCount() const {
  uint32_t count = 0;
  for (const auto& [key, lane] : lanes_) count += lane->viewer_count();
  return count;
}

uint32_t Display::WatchedLaneCount() const {
  return static_cast<uint32_t>(std::count_if(
      lanes_.begin(), lanes_.end(),
      [](const auto& entry) { return entry.second->viewer_count() != 0; }));
}

absl::Status Display::Unavailable() const {
  return absl::UnavailableError(absl::StrFormat(
      "display %s is not available: %s", options_.name, reason_));
}

// --- viewers ---

absl::Status Display::CheckOpen(const ViewerOptions& options) const {
  if (state_ == DisplayState::kUnavailable) return Unavailable();
  const auto& encodings = context_->encoders.encodings;
  if (std::find(encodings.begin(), encodings.end(), options.encoding) ==
      encodings.end()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "display %s has no such encoding; Display.encodings lists those it has",
        options_.name));
  }
  if (ViewerCount() >= limits_.viewers_per_display) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "display %s has %d viewers, as many as it may have; close one, or "
        "raise the limit in the configuration",
        options_.name, limits_.viewers_per_display));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<LaneViewer>> Display::JoinLane(
    const ViewerOptions& options, std::shared_ptr<ViewerSink> sink,
    uint64_t id) {
  // Lossless patches have one quality.
  const LaneKey key = {options.encoding,
                       options.encoding == encoder::Encoding::kLossless
                           ? encoder::Quality::kMedium
                           : options.quality};
  const auto found = lanes_.find(key);
  if ((found == lanes_.end() || found->second->viewer_count() == 0) &&
      WatchedLaneCount() >= limits_.lanes_per_display) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "display %s is encoded in %d ways already, as many as it may be; use "
        "an encoding and quality that another viewer has",
        options_.name, limits_.lanes_per_display));
  }
  if (found != lanes_.end()) {
    auto viewer = found->second->AddViewer(id, options.acknowledges, sink);
    if (viewer != nullptr) return viewer;
    lanes_.erase(found);  // ended by itself a moment ago
  }
  auto lane =
      std::make_shared<Lane>(context_,
                             LaneOptions{.display = options_.name,
                                         .encoding = key.first,
                                         .quality = key.second,
                                         .max_rate_hz = options_.max_rate_hz,
                                         .likely_size = plane_.size,
                                         .problems = lane_problems_},
                             [display = weak_from_this()] {
                               if (const auto self = display.lock())
                                 self->OnViewersChanged();
                             });
  auto viewer = lane->AddViewer(id, options.acknowledges, std::move(sink));
  if (viewer == nullptr) return absl::InternalError("a new lane has ended");
  lanes_[key] = std::move(lane);
  return viewer;
}

absl::StatusOr<std::shared_ptr<Viewer>> Display::OpenViewer(
    const ViewerOptions& options, std::shared_ptr<ViewerSink> sink,
    uint64_t id) {
  std::shared_ptr<LaneViewer> viewer;
  {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(CheckOpen(options));
    ASSIGN_OR_RETURN(viewer, JoinLane(options, std::move(sink), id));
    UpdateWatched();
    loop_.RequestScan();
  }
  on_change_();
  return viewer;
}

std::shared_ptr<Viewer> Display::FindViewer(uint64_t id) const {
  MutexLock lock(mutex_);
  for (const auto& [key, lane] : lanes_) {
    if (auto viewer = lane->FindViewer(id)) return viewer;
  }
  return nullptr;
}

void Display::OnViewersChanged() {
  std::vector<std::shared_ptr<Lane>> idle;
  {
    MutexLock lock(mutex_);
    std::erase_if(lanes_, [&](const auto& entry) {
      if (!entry.second->idle()) return false;
      idle.push_back(entry.second);
      return true;
    });
    UpdateWatched();
    if (!idle.empty() && lanes_.empty()) TrimSoon();
  }
  for (const auto& lane : idle) lane->End(absl::OkStatus());
  on_change_();
}

// Freed memory of encoders would otherwise stay with an idle daemon. Later,
// because lanes go with their last work, and viewers often come back at once.
void Display::TrimSoon() {
  if (std::exchange(trim_timed_, true)) return;
  context_->timer.CallAt(
      Clock::now() + kTrimPause, [display = weak_from_this()] {
        const auto self = display.lock();
        if (self == nullptr) return;
        {
          MutexLock lock(self->mutex_);
          self->trim_timed_ = false;
          if (!self->lanes_.empty()) return;  // their end brings it again
        }
        self->context_->workers.Submit([] { malloc_trim(0); });
      });
}

void Display::UpdateWatched() {
  loop_.SetWatched(WatchedLaneCount() != 0 || !snapshots_.empty());
}

// --- snapshots ---

void Display::TakeSnapshot(SnapshotDone done) {
  absl::Status status;
  {
    MutexLock lock(mutex_);
    if (state_ == DisplayState::kUnavailable) {
      status = Unavailable();
    } else if (snapshots_.size() >= context_->tuning.snapshots_per_display) {
      status = absl::ResourceExhaustedError(absl::StrFormat(
          "display %s has %d snapshots waiting; try again when one is done",
          options_.name, snapshots_.size()));
    } else {
      snapshots_.push_back({loop_.RequestScan(), std::move(done)});
      UpdateWatched();
      return;
    }
  }
  std::vector<Snapshot> refused;
  refused.push_back({0, std::move(done)});
  FinishSnapshots(std::move(refused), status);
}

void Display::VisitDevice(DisplayRegistry::DeviceVisit visit) {
  absl::Status status;
  {
    MutexLock lock(mutex_);
    if (!attached_) {
      status = Unavailable();
    } else if (!loop_.AddVisit(visit)) {
      status = absl::ResourceExhaustedError(absl::StrFormat(
          "display %s has %d questions to its device waiting; try again when "
          "one is answered",
          options_.name, context_->tuning.visits_per_display));
    } else {
      return;
    }
  }
  visit(status);
}

void Display::FinishSnapshots(std::vector<Snapshot> snapshots,
                              const absl::StatusOr<capture::Frame>& frame) {
  for (Snapshot& snapshot : snapshots) {
    // No work, so that it need not wait for other snapshots. An error of its
    // own for each: see Lane::EndLocked.
    if (!frame.ok()) {
      snapshot.done(absl::Status(frame.status().code(),
                                 std::string(frame.status().message())));
      continue;
    }
    const auto finish = std::make_shared<std::function<void()>>(
        [done = std::move(snapshot.done), good = *frame] { done(good); });
    // The pool refuses once the daemon stops; somebody still waits.
    if (!context_->snapshots.Submit([finish] { (*finish)(); })) (*finish)();
  }
}

// --- the capture loop's events ---

bool Display::SetState(DisplayState state, const std::string& reason) {
  if (state_ == state && reason_ == reason) return false;
  state_ = state;
  reason_ = reason;
  return true;
}

void Display::OnAttached(const std::string& framebuffer) {
  tracker_.Attach();
  {
    MutexLock lock(mutex_);
    if (stopping_) return;
    attached_ = true;
    ++attachment_;
    scanned_ = false;
    framebuffer_ = framebuffer;
    // Another reason stays until it is known that it is none any more.
    if (reason_ != kOpening) return;
    SetState(DisplayState::kUnavailable, "its first scan has not ended yet");
  }
  on_change_();
}

void Display::LogProblem(const char* event, const std::string& reason) {
  const std::optional<std::string> unsaid = problems_.Admit(event + reason);
  {
    MutexLock lock(mutex_);
    problem_unsaid_ = !unsaid.has_value();
  }
  if (!unsaid.has_value()) return;
  spdlog::warn("event={} display={} reason={}{}", event, options_.name,
               LogText(reason), *unsaid);
}

void Display::LogAttached() {
  uint64_t attachment = 0;
  std::string framebuffer;
  {
    MutexLock lock(mutex_);
    attachment = attachment_;
    framebuffer = problem_unsaid_ ? "" : framebuffer_;
  }
  context_->timer.CallAt(Clock::now() + kSettled,
                         [display = weak_from_this(), attachment] {
                           const auto self = display.lock();
                           if (self != nullptr) self->NoteSettled(attachment);
                         });
  if (framebuffer.empty()) return;
  spdlog::info("event=attached display={} framebuffer={}", options_.name,
               LogText(framebuffer));
}

void Display::NoteSettled(uint64_t attachment) {
  std::string framebuffer;
  {
    MutexLock lock(mutex_);
    if (!attached_ || attachment != attachment_) return;
    if (std::exchange(problem_unsaid_, false)) framebuffer = framebuffer_;
  }
  const std::string unsaid = problems_.End();
  if (framebuffer.empty()) return;
  spdlog::info("event=attached display={} framebuffer={}{}", options_.name,
               LogText(framebuffer), unsaid);
}

void Display::OnAttachFailed(const absl::Status& status) {
  const std::string reason(status.message());
  {
    MutexLock lock(mutex_);
    if (stopping_ || !SetState(DisplayState::kUnavailable, reason)) return;
  }
  LogProblem("attach_failed", reason);
  on_change_();
}

void Display::OnScanned(uint64_t scan, absl::StatusOr<capture::Frame> frame) {
  const PlaneEvent event = frame.ok() ? tracker_.Scanned(*std::move(frame))
                                      : tracker_.Failed(frame.status());
  std::vector<std::shared_ptr<Lane>> lanes;
  std::vector<Snapshot> snapshots;
  bool changed = false;
  bool first = false;
  {
    MutexLock lock(mutex_);
    if (!attached_) return;
    first = !std::exchange(scanned_, true);
    const bool on = event.frame.plane.on;
    changed = SetState(on ? DisplayState::kReady : DisplayState::kPlaneOff,
                       event.reason);
    changed |= plane_ != event.frame.plane;
    plane_ = event.frame.plane;
    read_bytes_per_second_ = event.frame.read_bytes_per_second;
    for (const auto& [key, lane] : lanes_) lanes.push_back(lane);
    std::erase_if(snapshots_, [&](Snapshot& snapshot) {
      if (snapshot.from_scan > scan) return false;
      snapshots.push_back(std::move(snapshot));
      return true;
    });
    UpdateWatched();
  }
  if (first) LogAttached();
  for (const auto& lane : lanes) lane->OnPlane(event);
  if (!snapshots.empty()) {
    absl::StatusOr<capture::Frame> result = event.frame;
    if (!event.frame.plane.on) {
      result = absl::FailedPreconditionError(absl::StrFormat(
          "display %s shows no picture: %s", options_.name, event.reason));
    }
    FinishSnapshots(std::move(snapshots), result);
  }
  if (changed) on_change_();
}

void Display::OnDetached(const absl::Status& status) {
  const std::string reason(status.message());
  absl::Status ends_with;
  bool scanned = false;
  bool changed = false;
  {
    MutexLock lock(mutex_);
    if (stopping_ || !attached_) return;
    attached_ = false;
    scanned = scanned_;
    framebuffer_.clear();
    read_bytes_per_second_ = 0;
    changed = SetState(DisplayState::kUnavailable, reason);
    ends_with = Unavailable();
  }
  if (scanned) {
    LogProblem("detached", reason);
  } else if (changed) {
    LogProblem("attach_failed", reason);
  }
  EndAll(ends_with);
  if (changed) on_change_();
}

void Display::EndAll(const absl::Status& status) {
  std::map<LaneKey, std::shared_ptr<Lane>> lanes;
  std::vector<Snapshot> snapshots;
  {
    MutexLock lock(mutex_);
    lanes.swap(lanes_);
    if (!lanes.empty()) TrimSoon();
    snapshots.swap(snapshots_);
    UpdateWatched();
  }
  for (const auto& [key, lane] : lanes) lane->End(status);
  FinishSnapshots(std::move(snapshots), status);
}

void Display::Stop(const std::string& reason) {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    attached_ = false;
    framebuffer_.clear();
    SetState(DisplayState::kUnavailable, reason);
  }
  EndAll(absl::UnavailableError(reason));
  loop_.Stop();
}

}  // namespace oriel::session
