#include "clients/lib/display_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/mutex.h"

namespace oriel::clients {
namespace {

constexpr std::chrono::milliseconds kAcknowledgeAfter(200);
constexpr std::chrono::seconds kOpenTimeout(20);
constexpr std::chrono::seconds kFirstNotice(3);
constexpr std::chrono::seconds kNoticeInterval(10);
constexpr std::chrono::seconds kShortestSilenceLimit(3);
constexpr std::chrono::seconds kListeningGap(1);
constexpr std::chrono::seconds kResyncInterval(1);
// What the server makes at most, whoever asks.
constexpr std::chrono::seconds kKeyframeInterval(1);
constexpr size_t kMaxWantedKeyframes = 16;

}  // namespace

// Destroyed by the stream's thread after WaitForEnd, never in a reaction: with
// it goes what may be the channel's last reference, and a channel that ends on
// one of its own threads waits for itself.
class DisplayStream::Reactor
    : public grpc::ClientBidiReactor<v1::AttachDisplayRequest,
                                     v1::StreamFramesResponse> {
 public:
  void Start(const Connection& connection,
             const v1::StreamFramesRequest& request) {
    {
      MutexLock lock(mutex_);
      *writing_.mutable_open() = request;
      write_in_flight_ = true;
      read_in_flight_ = true;
    }
    connection.stream_service().async()->AttachDisplay(&context_, this);
    // Reads and writes begin outside reactions, until the last read failed.
    AddHold();
    StartWrite(&writing_);
    StartRead(&reading_);
    StartCall();
  }

  // An event, or nothing at `deadline` or when the stream is over.
  std::optional<v1::StreamFramesResponse> Take(Time deadline) {
    MutexLock lock(mutex_);
    while (!event_ready_ && !over_ && !cancelled_) {
      if (!read_in_flight_) {
        read_in_flight_ = true;
        StartRead(&reading_);
      }
      if (!changed_.WaitUntil(mutex_, deadline) && !event_ready_) {
        return std::nullopt;
      }
    }
    if (cancelled_ || !event_ready_) return std::nullopt;
    event_ready_ = false;
    return std::move(reading_);
  }

  // Merges what `change` sets into the control that leaves next.
  template <typename Change>
  void Control(Change change) {
    MutexLock lock(mutex_);
    change(*next_.mutable_control());
    WriteNext();
  }

  void Cancel() {
    MutexLock lock(mutex_);
    cancelled_ = true;
    context_.TryCancel();
    changed_.NotifyAll();
  }

  bool cancelled() {
    MutexLock lock(mutex_);
    return cancelled_;
  }

  bool over() {
    MutexLock lock(mutex_);
    return over_ || cancelled_;
  }

  grpc::Status WaitForEnd() {
    MutexLock lock(mutex_);
    ending_ = true;
    if (!read_in_flight_ && !over_) EndReads();
    while (!done_) changed_.Wait(mutex_);
    return status_;
  }

  void OnReadDone(bool ok) override {
    MutexLock lock(mutex_);
    read_in_flight_ = false;
    event_ready_ = ok;
    if ((!ok || ending_) && !over_) EndReads();
    changed_.NotifyAll();
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    write_in_flight_ = false;
    if (ok) WriteNext();
  }

  void OnDone(const grpc::Status& status) override {
    MutexLock lock(mutex_);
    status_ = status;
    done_ = true;
    over_ = true;
    changed_.NotifyAll();
  }

 private:
  void EndReads() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    over_ = true;
    RemoveHold();
  }

  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (write_in_flight_ || over_ || !next_.has_control()) return;
    writing_.Clear();
    writing_.Swap(&next_);
    write_in_flight_ = true;
    StartWrite(&writing_);
  }

  grpc::ClientContext context_;
  v1::StreamFramesResponse reading_;  // gRPC's while read_in_flight_
  v1::AttachDisplayRequest writing_;  // gRPC's while write_in_flight_
  Mutex mutex_;
  CondVar changed_;
  v1::AttachDisplayRequest next_ ABSL_GUARDED_BY(mutex_);
  bool read_in_flight_ ABSL_GUARDED_BY(mutex_) = false;
  bool write_in_flight_ ABSL_GUARDED_BY(mutex_) = false;
  bool event_ready_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
};

DisplayStream::DisplayStream(const Connection& connection, std::string display)
    : connection_(connection),
      display_(std::move(display)),
      reactor_(std::make_unique<Reactor>()),
      tell_at_(Clock::now() + kFirstNotice),
      silence_limit_(kOpenTimeout),
      last_event_(Clock::now()),
      listened_at_(last_event_) {}

std::unique_ptr<DisplayStream> DisplayStream::Start(
    const Connection& connection, const v1::StreamFramesRequest& request) {
  std::unique_ptr<DisplayStream> stream(
      new DisplayStream(connection, request.display()));
  stream->reactor_->Start(connection, request);
  return stream;
}

DisplayStream::~DisplayStream() {
  reactor_->Cancel();
  reactor_->WaitForEnd();
}

absl::StatusOr<std::optional<v1::StreamFramesResponse>> DisplayStream::Next(
    Time deadline) {
  // Silence counts only while somebody listens: not while the caller was busy,
  // nor while the process was stopped.
  if (Clock::now() > listened_at_ + kListeningGap) last_event_ = Clock::now();
  for (;;) {
    const Time now = Clock::now();
    SendDueAcknowledgement(now);
    SendDueResync(now);
    SendDueKeyframes(now);
    Time until = std::min(deadline, last_event_ + silence_limit_);
    if (unsent_sequence_ != 0) until = std::min(until, acknowledge_by_);
    if (resync_wanted_) until = std::min(until, resync_not_before_);
    if (tell_waiting_ && waiting_ != Waiting::kNothing) {
      TellWaiting(now);
      until = std::min(until, tell_at_);
    }
    if (!wanted_keyframes_.empty()) {
      until = std::min(until, keyframes_not_before_);
    }
    std::optional<v1::StreamFramesResponse> event = reactor_->Take(until);
    if (event.has_value()) {
      NoteEvent(*event);
      if (event->has_heartbeat()) continue;
      return event;
    }
    if (reactor_->over()) return EndStatus();
    const Time after = Clock::now();
    listened_at_ = after;
    if (after > until + kListeningGap) last_event_ = after;
    if (after >= last_event_ + silence_limit_) {
      reactor_->Cancel();
      return SilenceStatus();
    }
    if (after >= deadline) return std::optional<v1::StreamFramesResponse>();
  }
}

absl::Status DisplayStream::SilenceStatus() const {
  const double seconds = std::chrono::duration<double>(silence_limit_).count();
  if (waiting_ == Waiting::kOpened) {
    return absl::UnavailableError(absl::StrFormat(
        "orield at %s did not open a stream of display %s within %.1f s; is "
        "its host overloaded or the network cut?",
        connection_.address().text, display_, seconds));
  }
  return absl::UnavailableError(absl::StrFormat(
      "nothing came from orield at %s for %.1f s, no heartbeat either, while "
      "waiting for %s; is its host overloaded or the network cut?",
      connection_.address().text, seconds, WhatIsWaitedFor()));
}

std::string DisplayStream::WhatIsWaitedFor() const {
  switch (waiting_) {
    case Waiting::kOpened:
      return absl::StrFormat("orield at %s to open a stream of display %s",
                             connection_.address().text, display_);
    case Waiting::kFormat:
      return absl::StrFormat("the device of display %s to tell its plane",
                             display_);
    case Waiting::kPicture:
      return absl::StrFormat(
          "the first picture of display %s%s", display_,
          encoder_.empty() ? "" : ", which " + encoder_ + " encodes");
    case Waiting::kNothing:
      break;
  }
  return "changes of display " + display_;
}

void DisplayStream::WaitFor(Waiting what) {
  waiting_ = what;
  tell_at_ = Clock::now() + kFirstNotice;
}

void DisplayStream::TellWaiting(Time now) {
  if (now < tell_at_) return;
  tell_at_ = now + kNoticeInterval;
  tell_waiting_(WhatIsWaitedFor());
}

void DisplayStream::NoteEvent(const v1::StreamFramesResponse& event) {
  last_event_ = Clock::now();
  listened_at_ = last_event_;
  unacknowledged_bytes_ += event.payload().size();
  if (event.has_encoder()) encoder_ = event.encoder().encoder();
  if (event.has_update()) {
    waiting_ = Waiting::kNothing;
    ++received_update_count_;
    acknowledge_at_once_ =
        event.update().base_sequence() == 0 && event.update().more_follows();
  }
  if (event.has_format()) {
    WaitFor(event.format().state() == v1::DISPLAY_STATE_PLANE_OFF
                ? Waiting::kNothing
                : Waiting::kPicture);
    // What was applied before belongs to a picture that is gone.
    unsent_sequence_ = 0;
    resync_wanted_ = false;
    wanted_keyframes_.clear();
  }
  for (const v1::Patch& patch : event.update().patches()) {
    if (!patch.video().keyframe()) continue;
    wanted_keyframes_.erase(patch.video().stream_id());
  }
  if (!event.has_opened()) return;
  if (waiting_ == Waiting::kOpened) WaitFor(Waiting::kFormat);
  encoder_ = event.opened().encoder();
  window_bytes_ = event.opened().window_bytes();
  const std::chrono::milliseconds heartbeat(
      event.opened().heartbeat_interval_ms());
  silence_limit_ =
      heartbeat.count() == 0
          ? std::chrono::hours(24 * 365)
          : std::max<Duration>(3 * heartbeat, kShortestSilenceLimit);
}

absl::Status DisplayStream::EndStatus() {
  const bool cancelled = reactor_->cancelled();
  const grpc::Status end = reactor_->WaitForEnd();
  if (cancelled) return absl::CancelledError("the stream was cancelled");
  if (end.ok()) {
    return absl::UnavailableError(
        absl::StrFormat("orield at %s ended the stream without a reason",
                        connection_.address().text));
  }
  return connection_.Explain(end);
}

void DisplayStream::Applied(uint64_t sequence) {
  if (unsent_sequence_ == 0) {
    acknowledge_by_ = Clock::now() + kAcknowledgeAfter;
  }
  unsent_sequence_ = sequence;
  resync_wanted_ = false;
}

void DisplayStream::SendDueAcknowledgement(Time now) {
  if (unsent_sequence_ == 0) return;
  const bool half_window = unacknowledged_bytes_ >= window_bytes_ / 2;
  if (!half_window && !acknowledge_at_once_ && now < acknowledge_by_) return;
  reactor_->Control([this](v1::ViewerControl& control) {
    control.set_applied_sequence(unsent_sequence_);
    control.set_received_update_count(received_update_count_);
  });
  unsent_sequence_ = 0;
  acknowledge_at_once_ = false;
  unacknowledged_bytes_ = 0;
}

void DisplayStream::RequestResync() { resync_wanted_ = true; }

void DisplayStream::SendDueResync(Time now) {
  if (!resync_wanted_ || now < resync_not_before_) return;
  reactor_->Control(
      [](v1::ViewerControl& control) { control.set_resync(true); });
  resync_wanted_ = false;
  resync_not_before_ = now + kResyncInterval;
}

void DisplayStream::RequestKeyframe(uint32_t stream_id) {
  if (wanted_keyframes_.size() < kMaxWantedKeyframes) {
    wanted_keyframes_.insert(stream_id);
  }
}

void DisplayStream::SendDueKeyframes(Time now) {
  if (wanted_keyframes_.empty() || now < keyframes_not_before_) return;
  reactor_->Control([this](v1::ViewerControl& control) {
    for (const uint32_t stream_id : wanted_keyframes_) {
      const auto& asked = control.keyframe_streams();
      if (std::find(asked.begin(), asked.end(), stream_id) == asked.end()) {
        control.add_keyframe_streams(stream_id);
      }
    }
  });
  wanted_keyframes_.clear();
  keyframes_not_before_ = now + kKeyframeInterval;
}

void DisplayStream::Cancel() { reactor_->Cancel(); }

}  // namespace oriel::clients
