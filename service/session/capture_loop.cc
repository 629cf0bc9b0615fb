#include "service/session/capture_loop.h"

#include <pthread.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"

namespace oriel::session {

CaptureLoop::CaptureLoop(CaptureLoopOptions options, Lifecycle* lifecycle,
                         Events* events)
    : options_(std::move(options)), lifecycle_(lifecycle), events_(events) {}

void CaptureLoop::Start() {
  MutexLock lock(mutex_);
  EnsureThread();
}

void CaptureLoop::SetWatched(bool watched) {
  MutexLock lock(mutex_);
  watched_ = watched;
  if (watched) EnsureThread();
  changed_.NotifyAll();
}

uint64_t CaptureLoop::RequestScan() {
  MutexLock lock(mutex_);
  scan_requested_ = true;
  EnsureThread();
  changed_.NotifyAll();
  return scans_begun_ + 1;
}

void CaptureLoop::Wake() {
  MutexLock lock(mutex_);
  woken_ = true;
  const Time soon = Clock::now() + period();
  if (retries_ || due_ <= soon) return;
  due_ = soon;
  changed_.NotifyAll();
}

bool CaptureLoop::AddVisit(const Visit& visit) {
  MutexLock lock(mutex_);
  if (stopping_ || visits_.size() >= options_.max_visits) return false;
  visits_.push_back(visit);
  EnsureThread();
  changed_.NotifyAll();
  return true;
}

void CaptureLoop::TryOpening() {
  MutexLock lock(mutex_);
  // Kept, it would shorten the pause after a later hang-up.
  if (source_ != nullptr && !detached_) return;
  open_now_ = true;
  changed_.NotifyAll();
}

void CaptureLoop::Stop() {
  std::shared_ptr<capture::FrameSource> source;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    source = source_;
    changed_.NotifyAll();
  }
  if (source != nullptr) source->Revoke();
  // A device call under way may never return.
  RefuseVisits();
}

void CaptureLoop::Join() {
  std::thread thread;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
    thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
  LetGo();
}

void CaptureLoop::EnsureThread() {
  if (running_ || stopping_) return;
  running_ = true;
  thread_ = std::thread([this] { Run(); });
  ::pthread_setname_np(thread_.native_handle(),
                       ("cap:" + options_.display).substr(0, 15).c_str());
}

void CaptureLoop::Run() {
  while (Attach()) ScanAndLook();
}

// Returns at once when attached already; false when stopping.
bool CaptureLoop::Attach() {
  while (true) {
    bool attached = false;
    {
      MutexLock lock(mutex_);
      if (stopping_) return false;
      attached = source_ != nullptr && !detached_;
    }
    if (attached) return true;
    LetGo();
    // One that stayed is worth a quick try; one that comes and goes must not be
    // opened in a tight loop.
    if (std::exchange(scanned_, false) &&
        Clock::now() - attached_at_ >= options_.longest_attach_pause) {
      pause_ = {};
    }
    {
      MutexLock lock(mutex_);
      const Time due = Clock::now() + pause_;
      while (!stopping_ && !open_now_ && Clock::now() < due) {
        changed_.WaitUntil(mutex_, due);
      }
      if (stopping_) continue;
      open_now_ = false;
    }
    pause_ = std::clamp(pause_ * 2, options_.first_attach_pause,
                        options_.longest_attach_pause);
    if (TryAttach()) return true;
  }
}

bool CaptureLoop::TryAttach() {
  absl::StatusOr<std::unique_ptr<capture::FrameSource>> opened =
      options_.open();
  if (!opened.ok()) {
    events_->OnAttachFailed(opened.status());
    return false;
  }
  std::shared_ptr<capture::FrameSource> source = *std::move(opened);
  uint64_t attachment = 0;
  {
    MutexLock lock(mutex_);
    if (stopping_) return false;
    source_ = source;
    detached_ = false;
    open_now_ = false;
    scan_requested_ = true;
    attachment = ++attachment_;
  }
  attached_at_ = Clock::now();
  // Before the watch, which may call OnDetached at once.
  const std::string description = source->description();
  events_->OnAttached(description);
  watch_id_ = lifecycle_->Watch(source->hangup_fd(), [this, attachment,
                                                      description] {
    Detach(attachment, [&](const capture::FrameSource& source) {
      const std::string reason = source.hangup_reason();
      return absl::UnavailableError("the device went away: " +
                                    (reason.empty() ? description : reason));
    });
  });
  return true;
}

void CaptureLoop::Detach(
    uint64_t attachment,
    const std::function<absl::Status(const capture::FrameSource&)>& why) {
  std::shared_ptr<capture::FrameSource> source;
  {
    MutexLock lock(mutex_);
    if (source_ == nullptr || detached_ || attachment != attachment_) return;
    detached_ = true;
    revoking_ = true;
    source = source_;
  }
  source->Revoke();
  const absl::Status status = why(*source);
  source.reset();
  {
    // The device is closed by the loop's thread, because that may take long;
    // and now, whoever is still to be told.
    MutexLock lock(mutex_);
    revoking_ = false;
    EnsureThread();
    changed_.NotifyAll();
  }
  events_->OnDetached(status);
  RefuseVisits();
}

void CaptureLoop::LetGo() {
  if (watch_id_ != 0) lifecycle_->Forget(watch_id_);
  std::shared_ptr<capture::FrameSource> source;
  {
    MutexLock lock(mutex_);
    while (revoking_) changed_.Wait(mutex_);
    source = std::exchange(source_, nullptr);
  }
  source.reset();
  // Waits for the lifecycle thread where it tells of this source's end.
  if (watch_id_ != 0) lifecycle_->Unwatch(std::exchange(watch_id_, 0));
  RefuseVisits();
}

void CaptureLoop::DoVisits(capture::FrameSource& source) {
  while (true) {
    Visit visit;
    {
      MutexLock lock(mutex_);
      if (visits_.empty() || detached_ || stopping_) return;
      visit = std::move(visits_.front());
      visits_.pop_front();
    }
    capture::Device* const device = source.device();
    if (device == nullptr) {
      visit(absl::FailedPreconditionError(absl::StrFormat(
          "display %s has no device behind it that can be asked",
          options_.display)));
    } else {
      visit(device);
    }
  }
}

void CaptureLoop::RefuseVisits() {
  std::deque<Visit> visits;
  {
    MutexLock lock(mutex_);
    visits.swap(visits_);
  }
  for (const Visit& visit : visits) {
    visit(absl::UnavailableError(absl::StrFormat(
        "the device of display %s went away", options_.display)));
  }
}

CaptureLoop::Next CaptureLoop::WaitForScan(uint64_t* scan,
                                           capture::ScanRequest* request) {
  MutexLock lock(mutex_);
  while (true) {
    if (stopping_) return Next::kStop;
    if (detached_) return Next::kReattach;
    if (!visits_.empty()) return Next::kVisit;
    if (!scan_requested_) {
      if (!watched_) {
        if (Rest()) continue;
        return Next::kLook;
      }
      if (Clock::now() < due_) {
        changed_.WaitUntil(mutex_, due_);
        continue;
      }
    }
    *request = {Clock::now(), std::exchange(scan_requested_, false)};
    request->whole |= std::exchange(rested_, false);
    request->wake = std::exchange(woken_, false);
    *scan = ++scans_begun_;
    return Next::kScan;
  }
}

bool CaptureLoop::Rest() {
  const Time now = Clock::now();
  rested_ = true;
  due_ = now;
  if (now >= look_due_) return false;
  changed_.WaitUntil(mutex_, look_due_);
  return true;
}

void CaptureLoop::Look(capture::FrameSource& source) {
  const bool as_scanned = source.IsAsScanned(Clock::now());
  MutexLock lock(mutex_);
  scan_requested_ |= !as_scanned;
  look_due_ = Clock::now() + options_.unwatched_pause;
}

Duration CaptureLoop::period() const {
  return Duration(std::chrono::seconds(1)) / std::max(1, options_.max_rate_hz);
}

Time CaptureLoop::NextDue(Time due,
                          const absl::StatusOr<capture::Frame>& frame) const {
  const Time now = Clock::now();
  if (!frame.ok()) return now + options_.unreadable_retry;
  if (frame->next_due.has_value()) return *frame->next_due;
  // The first tick of the schedule that `due` is on which is still to come.
  if (due > now) return due;
  return due + ((now - due) / period() + 1) * period();
}

void CaptureLoop::ScanAndLook() {
  std::shared_ptr<capture::FrameSource> source;
  uint64_t attachment = 0;
  Time due = Clock::now();
  {
    MutexLock lock(mutex_);
    source = source_;
    attachment = attachment_;
    due_ = due;
    rested_ = true;
  }
  while (true) {
    uint64_t scan = 0;
    capture::ScanRequest request(Time{});
    switch (WaitForScan(&scan, &request)) {
      case Next::kStop:
      case Next::kReattach:
        return;
      case Next::kLook:
        Look(*source);
        continue;
      case Next::kVisit:
        DoVisits(*source);
        continue;
      case Next::kScan:
        break;
    }
    absl::StatusOr<capture::Frame> frame = source->Scan(request);
    if (absl::IsUnavailable(frame.status())) {
      Detach(attachment,
             [&](const capture::FrameSource&) { return frame.status(); });
      continue;
    }
    scanned_ |= frame.ok();
    due = NextDue(due, frame);
    SetDue(due, /*retries=*/!frame.ok());
    if (IsNews(request, frame)) events_->OnScanned(scan, std::move(frame));
  }
}

bool CaptureLoop::IsNews(const capture::ScanRequest& request,
                         const absl::StatusOr<capture::Frame>& frame) {
  if (!frame.ok()) {
    told_generation_ = 0;  // no frame's
    return true;
  }
  if (!request.whole && frame->generation == told_generation_ &&
      frame->damage.empty() && frame->cursor == told_cursor_ &&
      request.now - told_at_ < kUnchangedPause) {
    return false;
  }
  told_at_ = request.now;
  told_generation_ = frame->generation;
  told_cursor_ = frame->cursor;
  return true;
}

// Somebody may have woken the loop while it scanned.
void CaptureLoop::SetDue(Time due, bool retries) {
  MutexLock lock(mutex_);
  retries_ = retries;
  // It has just been looked at.
  look_due_ = Clock::now() + options_.unwatched_pause;
  due_ = woken_ && !retries ? std::min(due, Clock::now() + period()) : due;
}

}  // namespace oriel::session
