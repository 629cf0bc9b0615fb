#include "clients/viewer/feed.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::clients {
namespace {

constexpr std::chrono::seconds kPause(1);
constexpr std::chrono::seconds kStatsInterval(1);

}  // namespace

Feed::Feed(const FeedOptions& options, Screen& screen)
    : options_(options), screen_(screen), thread_([this] {
        Run();
        MutexLock lock(mutex_);
        ended_ = true;
        changed_.NotifyAll();
      }) {}

Feed::~Feed() {
  Stop(Duration::zero());
  thread_.join();
}

bool Feed::Stop(Duration patience) {
  const Time until = Clock::now() + patience;
  MutexLock lock(mutex_);
  stopped_ = true;
  if (cancellable_ != nullptr) cancellable_->Cancel();
  changed_.NotifyAll();
  while (!ended_ && changed_.WaitUntil(mutex_, until)) {
  }
  return ended_;
}

bool Feed::stopped() {
  MutexLock lock(mutex_);
  return stopped_;
}

bool Feed::Pause() {
  const Time until = Clock::now() + kPause;
  MutexLock lock(mutex_);
  while (!stopped_ && changed_.WaitUntil(mutex_, until)) {
  }
  return !stopped_;
}

void Feed::Run() {
  status_.display = options_.display;
  TellNoPicture("connecting", "connecting to orield at " + options_.server);
  do {
    const absl::Status ended = Serve();
    CloseStream();
    status_.stats.clear();
    if (absl::IsInvalidArgument(ended) && !opened_) return GiveUp(ended);
    TellNoPicture("trying again",
                  std::string(ended.message()) + "\ntrying again");
  } while (Pause());
}

void Feed::TellNoPicture(const char* summary, const std::string& message) {
  status_.live = false;
  status_.exact = false;
  status_.summary = summary;
  status_.message = message;
  screen_.SetStatus(status_);
}

absl::Status Feed::failure() {
  MutexLock lock(mutex_);
  return failure_;
}

void Feed::GiveUp(const absl::Status& failure) {
  {
    MutexLock lock(mutex_);
    failure_ = failure;
  }
  status_.over = true;
  TellNoPicture("refused", std::string(failure.message()));
}

absl::Status Feed::Serve() {
  opened_ = false;
  ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection,
                   Connection::Open(options_.server));
  const absl::StatusOr<std::string> display =
      connection->ResolveDisplay(options_.display);
  if (display.ok()) {
    status_.display = *display;
  } else if (!absl::IsInvalidArgument(display.status()) ||
             status_.display.empty()) {
    return display.status();
  }  // Else: once chosen, it stays chosen when others come beside it.
  OpenStream(*connection);
  const absl::Status ended = ReadEvents();
  CloseStream();
  return ended;
}

void Feed::OpenStream(const Connection& connection) {
  // Another stream may be of a device without a cursor plane.
  pointer_ = Pointer();
  screen_.SetPointer(pointer_);
  v1::StreamFramesRequest request;
  request.set_display(status_.display);
  request.set_encoding(options_.encoding);
  request.set_quality(options_.quality);
  stream_ = DisplayStream::Start(connection, request);
  stream_->OnWaiting([this](const std::string& what) {
    TellNoPicture("waiting", "waiting for " + what);
  });
  MutexLock lock(mutex_);
  cancellable_ = stream_.get();
  if (stopped_) stream_->Cancel();
}

void Feed::CloseStream() {
  {
    MutexLock lock(mutex_);
    cancellable_ = nullptr;
  }
  stream_.reset();
}

absl::Status Feed::ReadEvents() {
  second_start_ = Clock::now();
  second_updates_ = 0;
  second_bytes_ = 0;
  second_apply_ = Duration::zero();
  for (;;) {
    const Time deadline =
        options_.stats ? second_start_ + kStatsInterval : Time::max();
    ASSIGN_OR_RETURN(const std::optional<v1::StreamFramesResponse> event,
                     stream_->Next(deadline));
    if (event.has_value()) RETURN_IF_ERROR(OnEvent(*event));
    if (options_.stats) TellStats(Clock::now());
  }
}

absl::Status Feed::OnEvent(const v1::StreamFramesResponse& event) {
  opened_ = true;
  if (event.has_format()) return OnFormat(event.format());
  if (event.has_update()) return OnUpdate(event.update(), event.payload());
  if (event.has_cursor()) return OnCursor(event.cursor(), event.payload());
  return absl::OkStatus();
}

absl::Status Feed::OnFormat(const v1::StreamFormat& format) {
  RETURN_IF_ERROR(updater_.Apply(format));
  waiting_.Clear();
  const Size size = updater_.picture().size();
  screen_.Reset(size);
  missing_ = Damage(Rect::Of(size));
  if (format.state() == v1::DISPLAY_STATE_PLANE_OFF) {
    TellNoPicture("off", "the display is off\n" + format.state_reason());
  } else {
    // Black until an update comes would look like a black screen.
    TellNoPicture("waiting", "waiting for the first picture");
  }
  return absl::OkStatus();
}

void Feed::TellPicture(const v1::FrameUpdate& update, const Damage& changed) {
  // What has a base applies to a picture that was all there.
  if (update.base_sequence() != 0) {
    missing_.Clear();
  } else {
    missing_.Subtract(changed);
  }
  const char* const message =
      missing_.empty() ? "" : "the rest of the picture is on its way";
  if (!status_.live || status_.message != message) {
    status_.live = true;
    status_.summary.clear();
    status_.message = message;
    screen_.SetStatus(status_);
  }
}

absl::Status Feed::OnCursor(const v1::Cursor& cursor,
                            const std::string& payload) {
  const absl::Status status = pointer_.Apply(cursor, payload);
  if (!status.ok()) {
    return absl::InternalError("orield broke the stream's rules: " +
                               std::string(status.message()));
  }
  screen_.SetPointer(pointer_);
  return absl::OkStatus();
}

absl::Status Feed::OnUpdate(const v1::FrameUpdate& update,
                            const std::string& payload) {
  const Time begin = Clock::now();
  absl::StatusOr<Applied> applied = updater_.Apply(update, payload);
  if (absl::IsFailedPrecondition(applied.status())) {
    stream_->RequestResync();
    status_.exact = false;
    screen_.SetExact(false);
    return absl::OkStatus();
  }
  if (!applied.ok()) {
    return absl::InternalError("orield broke the stream's rules: " +
                               std::string(applied.status().message()));
  }
  stream_->Applied(update.sequence());
  for (const uint32_t stream_id : applied->keyframe_streams) {
    stream_->RequestKeyframe(stream_id);
  }
  waiting_.Add(applied->changed);
  status_.exact = applied->exact;
  if (applied->present) {
    screen_.Put(updater_.picture(), waiting_);
    TellPicture(update, waiting_);
    screen_.SetExact(applied->exact);
    waiting_.Clear();
  }
  ++second_updates_;
  second_bytes_ += payload.size();
  second_apply_ += Clock::now() - begin;
  return absl::OkStatus();
}

void Feed::TellStats(Time now) {
  if (now < second_start_ + kStatsInterval) return;
  const double seconds =
      std::chrono::duration<double>(now - second_start_).count();
  const double apply_ms =
      std::chrono::duration<double, std::milli>(second_apply_).count() /
      static_cast<double>(std::max<uint64_t>(1, second_updates_));
  status_.stats =
      absl::StrFormat("%.0f updates/s  %.1f kB/s  decode %.2f ms  %s",
                      static_cast<double>(second_updates_) / seconds,
                      static_cast<double>(second_bytes_) / 1000 / seconds,
                      apply_ms, status_.exact ? "exact" : "not exact");
  screen_.SetStatus(status_);
  std::cerr << status_.stats << std::endl;
  second_start_ = now;
  second_updates_ = 0;
  second_bytes_ = 0;
  second_apply_ = Duration::zero();
}

}  // namespace oriel::clients
