#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "clients/cli/commands.h"
#include "clients/cli/display_report.h"
#include "clients/cli/quantities.h"
#include "clients/cli/recorder.h"
#include "clients/cli/table.h"
#include "clients/lib/display_stream.h"

namespace oriel::clients {
namespace {

constexpr std::chrono::milliseconds kProgressInterval(500);
// Longer than a forced keyframe takes, even behind a full link, and than a slow
// encoder takes for a large picture of noise.
constexpr std::chrono::seconds kFirstFrameTimeout(120);
constexpr std::chrono::seconds kPlaneOffTimeout(20);

std::chrono::milliseconds Since(Time start, Time now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - start);
}

// One recording from the first event to the stream's end.
class Session {
 public:
  Session(const RecordOptions& options, const CommandContext& context,
          Recorder& recorder, DisplayStream& stream)
      : options_(options),
        context_(context),
        recorder_(recorder),
        stream_(stream) {}

  // Why it ended; OK for the wished end.
  absl::Status Run();
  // When the last frame's time ends.
  Time end() const { return end_; }

 private:
  Time WakeAt() const;
  absl::Status OnEvent(const v1::StreamFramesResponse& event, Time arrival);
  absl::Status OnFormat(const v1::StreamFormat& format, Time arrival);
  absl::Status OnUpdate(const v1::StreamFramesResponse& event, Time arrival);
  void TellNextFile(const std::string& why);
  absl::Status NoFrameCame() const;
  // With the first picture.
  std::chrono::seconds Patience() const;
  void ShowProgress(Time now);

  const RecordOptions& options_;
  const CommandContext& context_;
  Recorder& recorder_;
  DisplayStream& stream_;
  const Time opened_ = Clock::now();
  Time end_ = opened_;
  Time next_progress_ = opened_;
  bool progress_shown_ = false;
  v1::StreamFormat format_;
};

Time Session::WakeAt() const {
  return std::min({next_progress_ + kProgressInterval, recorder_.repeat_due(),
                   recorder_.end().value_or(Time::max())});
}

absl::Status Session::Run() {
  absl::Status status;
  for (;;) {
    const std::optional<Time> wished_end = recorder_.end();
    const auto event = stream_.Next(WakeAt());
    end_ = std::min(Clock::now(), wished_end.value_or(Time::max()));
    if (end_ == wished_end || context_.stop.triggered()) break;
    status = event.status();
    if (status.ok() && event->has_value()) status = OnEvent(**event, end_);
    if (recorder_.over()) {
      end_ = *recorder_.end();
      break;
    }
    if (status.ok() && !recorder_.start().has_value() &&
        end_ - opened_ > Patience()) {
      status = NoFrameCame();
    }
    if (!status.ok()) break;
    if (const auto stream_id = recorder_.TakeRepeat(end_)) {
      stream_.RequestKeyframe(*stream_id);
    }
    ShowProgress(end_);
  }
  if (progress_shown_) context_.console.err << "\n";
  return status;
}

absl::Status Session::OnEvent(const v1::StreamFramesResponse& event,
                              Time arrival) {
  if (event.has_format()) return OnFormat(event.format(), arrival);
  return event.has_update() ? OnUpdate(event, arrival) : absl::OkStatus();
}

absl::Status Session::OnUpdate(const v1::StreamFramesResponse& event,
                               Time arrival) {
  const size_t file_count = recorder_.files().size();
  ASSIGN_OR_RETURN(
      const bool resync,
      recorder_.OnUpdate(event.update(), event.payload(), arrival));
  if (resync) {
    stream_.RequestResync();
  } else {
    stream_.Applied(event.update().sequence());
  }
  if (recorder_.files().size() > file_count) {
    TellNextFile("a picture stood longer than an .mp4 can tell");
  }
  return absl::OkStatus();
}

absl::Status Session::OnFormat(const v1::StreamFormat& format, Time arrival) {
  format_ = format;
  ASSIGN_OR_RETURN(const bool finished, recorder_.OnFormat(format, arrival));
  if (!finished) return absl::OkStatus();
  TellNextFile(format.state() == v1::DISPLAY_STATE_PLANE_OFF
                   ? "the plane is off"
                   : absl::StrFormat("the display has %dx%d pixels now",
                                     format.width_px(), format.height_px()));
  return absl::OkStatus();
}

void Session::TellNextFile(const std::string& why) {
  context_.console.err << absl::StrFormat(
      "%soriel: %s; %s is complete, the next picture begins a new file\n",
      progress_shown_ ? "\n" : "", why,
      Printable(recorder_.files().back().path));
}

std::chrono::seconds Session::Patience() const {
  return format_.state() == v1::DISPLAY_STATE_PLANE_OFF ? kPlaneOffTimeout
                                                        : kFirstFrameTimeout;
}

absl::Status Session::NoFrameCame() const {
  const auto what =
      absl::StrFormat("no picture came for %d s: ", Patience().count());
  if (format_.state() == v1::DISPLAY_STATE_PLANE_OFF) {
    return absl::FailedPreconditionError(
        what + "the plane is off: " + Printable(format_.state_reason()));
  }
  return absl::UnavailableError(
      what + "the encoder gave no keyframe; see orield's log");
}

void Session::ShowProgress(Time now) {
  if (now < next_progress_ + kProgressInterval) return;
  next_progress_ = now;
  if (!context_.console.err_is_terminal) return;
  if (!recorder_.start().has_value()) {
    context_.console.err << "\rwaiting for a picture\x1b[K" << std::flush;
  } else {
    const std::chrono::milliseconds elapsed = Since(*recorder_.start(), now);
    const uint64_t bytes = recorder_.size_bytes();
    context_.console.err << absl::StrFormat(
                                "\r%s  %d frames  %s  %d kbit/s\x1b[K",
                                FormatClock(elapsed), recorder_.frame_count(),
                                FormatBytes(bytes),
                                bytes * 8 /
                                    std::max<int64_t>(1, elapsed.count()))
                         << std::flush;
  }
  progress_shown_ = true;
}

double Seconds(const RecordedFile& file) {
  return std::chrono::duration<double>(file.duration).count();
}

nlohmann::json FileJson(const RecordedFile& file) {
  nlohmann::json json = {{"path", file.path},
                         {"width_px", file.size.width_px},
                         {"height_px", file.size.height_px},
                         {"bytes", file.size_bytes},
                         {"complete", file.complete},
                         {"frames", nullptr},
                         {"duration_s", nullptr}};
  if (file.complete) {
    json["frames"] = file.frame_count;
    json["duration_s"] = Seconds(file);
  }
  return json;
}

std::string FileLine(const RecordedFile& file) {
  const std::string content =
      file.complete ? absl::StrFormat("%.1f s, %d frames", Seconds(file),
                                      file.frame_count)
                    : "not complete";
  return absl::StrFormat("%s: %s, %dx%d, %s\n", Printable(file.path), content,
                         file.size.width_px, file.size.height_px,
                         FormatBytes(file.size_bytes));
}

void Report(const std::string& display, const Recorder& recorder,
            const CommandContext& context) {
  if (recorder.files().empty()) return;
  if (context.json) {
    nlohmann::json result = FileJson(recorder.files().front());
    result["display"] = display;
    result["files"] = nlohmann::json::array();
    for (const RecordedFile& file : recorder.files()) {
      result["files"].push_back(FileJson(file));
    }
    context.console.out << JsonLine(result);
    return;
  }
  for (const RecordedFile& file : recorder.files()) {
    context.console.out << FileLine(file);
  }
}

// What the user must know of the files that a failure left behind.
absl::Status WithConsequence(const absl::Status& status,
                             const absl::Status& finished,
                             const std::vector<RecordedFile>& files) {
  if (status.ok()) return finished;
  if (!finished.ok()) {
    return absl::Status(
        status.code(),
        absl::StrFormat("%s; and the file could not be completed: %s",
                        std::string(status.message()),
                        std::string(finished.message())));
  }
  if (files.empty() || !files.back().complete) return status;
  return absl::Status(status.code(),
                      std::string(status.message()) +
                          "; what was recorded until then is complete");
}

absl::Status NothingRecorded() {
  return absl::FailedPreconditionError(
      "nothing was recorded: it was stopped before the first picture");
}

}  // namespace

absl::Status RunRecord(const RecordOptions& options,
                       const CommandContext& context) {
  ASSIGN_OR_RETURN(const std::string display,
                   context.connection.ResolveDisplay(options.display));
  ASSIGN_OR_RETURN(const std::unique_ptr<Recorder> recorder,
                   Recorder::Create({.path = options.output,
                                     .overwrite = options.force,
                                     .title = "oriel: " + display,
                                     .duration = options.duration}));
  v1::StreamFramesRequest request;
  request.set_display(display);
  request.set_encoding(options.encoding);
  request.set_quality(options.quality);
  const auto stream = DisplayStream::Start(context.connection, request);
  context.stop.Tell([&stream] { stream->Cancel(); });
  stream->OnWaiting([&context](const std::string& what) {
    context.console.err << "oriel: waiting for " << Printable(what) << "\n";
  });
  Session session(options, context, *recorder, *stream);
  const absl::Status status = session.Run();
  // A first Ctrl-C now has no effect: the file is being completed.
  context.stop.Tell([] {});
  const absl::Status finished = recorder->Finish(session.end());
  Report(display, *recorder, context);
  RETURN_IF_ERROR(WithConsequence(status, finished, recorder->files()));
  if (recorder->files().empty()) return NothingRecorded();
  return Flush(context.console);
}

}  // namespace oriel::clients
