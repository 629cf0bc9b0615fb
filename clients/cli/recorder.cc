#include "clients/cli/recorder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::clients {
namespace {

// How far the second frame may stand ahead of the clock here.
constexpr int64_t kFirstStepLeadUs = 100'000;
// A step of capture times that is longer than that of the arrivals by more
// than this is no delay of the network.
constexpr int64_t kNonsenseUs = 5'000'000;
constexpr int64_t kShortestStepUs = 1'000;
// A frame that nothing follows is shown at least this long.
constexpr int64_t kShortestFrameUs = 16'667;
// A pause in somebody's work is no rest yet.
constexpr std::chrono::seconds kFirstRepeat(3);
constexpr std::chrono::minutes kRepeatPause(10);
// An .mp4's frames can stand for 6 h 37 min.
constexpr std::chrono::hours kLongestRepeatPause(3);
// The encoder failed, or a viewer's wish came first.
constexpr std::chrono::minutes kAskAgain(5);

int64_t MicrosecondsBetween(Time from, Time to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from)
      .count();
}

// name.mp4, name-2.mp4, name-3.mp4 ...
std::string NumberedPath(const std::string& path, size_t number) {
  if (number == 1) return path;
  const size_t dot = path.rfind('.');
  return absl::StrFormat("%s-%d%s", path.substr(0, dot), number,
                         path.substr(dot));
}

absl::Status BrokenRule(const std::string& what) {
  return absl::InternalError(absl::StrFormat(
      "orield broke the stream's rules: %s; do its version and this one fit?",
      what));
}

bool SamePlane(const v1::StreamFormat& a, const v1::StreamFormat& b) {
  return a.generation() == b.generation() && a.width_px() == b.width_px() &&
         a.height_px() == b.height_px() && a.state() == b.state();
}

absl::Status CheckVideoPatch(const v1::FrameUpdate& update,
                             const std::string& payload) {
  if (update.patches_size() != 1 || !update.patches(0).has_video()) {
    return BrokenRule("an update of video is not one access unit");
  }
  const v1::Patch& patch = update.patches(0);
  if (payload.empty() || patch.payload_size_bytes() != payload.size()) {
    return BrokenRule("an access unit's size is not its payload's");
  }
  return absl::OkStatus();
}

}  // namespace

int64_t RecordingClock::Stamp(uint64_t capture_time_us, Time arrival) {
  if (!start_.has_value()) {
    start_ = arrival;
    last_capture_us_ = capture_time_us;
    return 0;
  }
  const int64_t here_us = MicrosecondsBetween(*start_, arrival);
  const bool backwards = capture_time_us < last_capture_us_;
  const uint64_t step_us = backwards ? 0 : capture_time_us - last_capture_us_;
  const int64_t farthest_us =
      std::max<int64_t>(0, here_us - last_here_us_) + kNonsenseUs;
  int64_t stamp_us = here_us;
  if (!backwards && step_us <= static_cast<uint64_t>(farthest_us)) {
    stamp_us = last_us_ + static_cast<int64_t>(step_us);
    if (!stepped_) stamp_us = std::min(stamp_us, here_us + kFirstStepLeadUs);
  }
  stepped_ = true;
  last_here_us_ = here_us;
  last_capture_us_ = capture_time_us;
  last_us_ = std::max(stamp_us, last_us_ + kShortestStepUs);
  return last_us_;
}

void RepeatSchedule::OnFrame(bool keyframe, Time now) {
  if (asked_ && keyframe) {
    asked_ = false;
    pause_ = std::min<Duration>(pause_ * 2, kLongestRepeatPause);
    due_ = now + pause_;
    return;
  }
  asked_ = false;
  pause_ = soon_ ? kRepeatPause / 2 : kRepeatPause;
  due_ = now + (soon_ ? Duration(kFirstRepeat) : pause_);
}

void RepeatSchedule::Asked(Time now) {
  asked_ = true;
  due_ = now + kAskAgain;
}

Recorder::Recorder(const RecorderOptions& options)
    : options_(options), repeats_(PlaysWhenCutOff(options.path)) {}

absl::StatusOr<std::unique_ptr<Recorder>> Recorder::Create(
    const RecorderOptions& options) {
  std::unique_ptr<Recorder> recorder(new Recorder(options));
  ASSIGN_OR_RETURN(recorder->file_,
                   RecordingFile::Create(options.path, options.overwrite));
  return recorder;
}

absl::StatusOr<bool> Recorder::OnFormat(const v1::StreamFormat& format,
                                        Time arrival) {
  if (SamePlane(format, format_)) return false;
  format_ = format;
  sequence_ = 0;
  if (!file_begun_) return false;
  RETURN_IF_ERROR(Finish(arrival));
  return true;
}

absl::StatusOr<bool> Recorder::OnUpdate(const v1::FrameUpdate& update,
                                        const std::string& payload,
                                        Time arrival) {
  if (update.generation() != format_.generation()) return true;
  const bool joins = update.base_sequence() == 0;
  if (!joins && (sequence_ == 0 || update.base_sequence() != sequence_)) {
    sequence_ = 0;
    return true;
  }
  if (update.patches_size() == 0 && payload.empty()) {
    sequence_ = update.sequence();
    return false;
  }
  RETURN_IF_ERROR(CheckVideoPatch(update, payload));
  const v1::VideoCodec codec = update.patches(0).video().codec();
  if (file_begun_ && codec != codec_) {
    return BrokenRule("an access unit of another codec in the stream");
  }
  const bool keyframe = update.patches(0).video().keyframe();
  if (joins && !keyframe) {
    return BrokenRule("a stream begins with no keyframe");
  }
  if (!file_begun_) {
    if (!keyframe) return true;
    RETURN_IF_ERROR(BeginFile(codec, payload, arrival));
  }
  return WriteFrame(update, payload, arrival);
}

absl::StatusOr<bool> Recorder::WriteFrame(const v1::FrameUpdate& update,
                                          const std::string& payload,
                                          Time arrival) {
  const bool keyframe = update.patches(0).video().keyframe();
  const int64_t time_us = clock_.Stamp(update.capture_time_us(), arrival);
  over_ =
      end().has_value() && time_us >= MicrosecondsBetween(file_start_, *end());
  if (over_) return false;
  // SAFETY: characters are read as the bytes they are.
  const absl::Status written = file_->Write(
      {reinterpret_cast<const uint8_t*>(payload.data()), payload.size()},
      keyframe, time_us);
  if (absl::IsOutOfRange(written)) {
    sequence_ = 0;
    RETURN_IF_ERROR(Finish(arrival));
    if (!keyframe) return true;
    RETURN_IF_ERROR(BeginFile(codec_, payload, arrival));
    return WriteFrame(update, payload, arrival);
  }
  RETURN_IF_ERROR(written);
  last_time_us_ = time_us;
  sequence_ = update.sequence();
  stream_id_ = update.patches(0).video().stream_id();
  repeats_.OnFrame(keyframe, arrival);
  return false;
}

std::optional<uint32_t> Recorder::TakeRepeat(Time now) {
  if (now < repeat_due()) return std::nullopt;
  repeats_.Asked(now);
  return stream_id_;
}

Time Recorder::repeat_due() const {
  return file_begun_ ? repeats_.due() : Time::max();
}

std::optional<Time> Recorder::end() const {
  if (!options_.duration.has_value() || !start_.has_value()) {
    return std::nullopt;
  }
  return *start_ + *options_.duration;
}

absl::Status Recorder::BeginFile(v1::VideoCodec codec,
                                 const std::string& keyframe, Time arrival) {
  if (format_.width_px() == 0 || format_.height_px() == 0) {
    return BrokenRule("an update while the plane is off");
  }
  if (file_ == nullptr) {
    ASSIGN_OR_RETURN(file_, RecordingFile::Create(
                                NumberedPath(options_.path, files_.size() + 1),
                                options_.overwrite));
  }
  const Size size{static_cast<int32_t>(format_.width_px()),
                  static_cast<int32_t>(format_.height_px())};
  // SAFETY: characters are read as the bytes they are.
  const absl::Status begun = file_->Begin(
      codec, size,
      {reinterpret_cast<const uint8_t*>(keyframe.data()), keyframe.size()},
      options_.title);
  if (absl::IsInvalidArgument(begun)) {
    return BrokenRule(std::string(begun.message()));
  }
  RETURN_IF_ERROR(begun);
  clock_ = RecordingClock();
  file_begun_ = true;
  codec_ = codec;
  file_start_ = arrival;
  if (!start_.has_value()) start_ = arrival;
  return absl::OkStatus();
}

absl::Status Recorder::Finish(Time end) {
  if (!file_begun_) {
    file_.reset();
    return absl::OkStatus();
  }
  int64_t end_us = MicrosecondsBetween(file_start_, end);
  // Frames from after the wished end were left out.
  if (end < this->end().value_or(Time::max())) {
    end_us = std::max(end_us, last_time_us_ + kShortestFrameUs);
  }
  const absl::Status status = file_->Finish(end_us);
  if (file_->frame_count() > 0) {
    files_.push_back({file_->path(), file_->size(), file_->file_bytes(),
                      file_->complete(), file_->frame_count(),
                      std::chrono::microseconds(file_->duration_us())});
  }
  file_.reset();
  file_begun_ = false;
  return status;
}

uint64_t Recorder::frame_count() const {
  uint64_t count = file_ == nullptr ? 0 : file_->frame_count();
  for (const RecordedFile& file : files_) count += file.frame_count;
  return count;
}

uint64_t Recorder::size_bytes() const {
  uint64_t bytes = file_ == nullptr ? 0 : file_->size_bytes();
  for (const RecordedFile& file : files_) bytes += file.size_bytes;
  return bytes;
}

}  // namespace oriel::clients
