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
  std::optional<Time> EndOfDuration() const;
  absl::Status OnEvent(const v1::StreamFramesResponse& event, Time arrival);
  absl::Status OnFormat(const v1::StreamFormat& format, Time arrival);
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

std::optional<Time> Session::EndOfDuration() const {
  if (!options_.duration.has_value() || !recorder_.start().has_value()) {
    return std::nullopt;
  }
  return *recorder_.start() + *options_.duration;
}

absl::Status Session::Run() {
  absl::Status status;
  for (;;) {
    const std::optional<Time> wished_end = EndOfDuration();
    Time until = next_progress_ + kProgressInterval;
    if (wished_end.has_value()) until = std::min(until, *wished_end);
    const auto event = stream_.Next(until);
    end_ = Clock::now();
    if (wished_end.has_value() && end_ >= *wished_end) {
      end_ = *wished_end;
      break;
    }
    if (context_.stop.triggered()) break;
    status = event.status();
    if (status.ok() && event->has_value()) status = OnEvent(**event, end_);
    if (status.ok() && !recorder_.start().has_value() &&
        end_ - opened_ > Patience()) {
      status = NoFrameCame();
    }
    if (!status.ok()) break;
    ShowProgress(end_);
  }
  if (progress_shown_) context_.console.err << "\n";
  return status;
}

absl::Status Session::OnEvent(const v1::StreamFramesResponse& event,
                              Time arrival) {
  if (event.has_format()) return OnFormat(event.format(), arrival);
  if (!event.has_update()) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      const bool resync,
      recorder_.OnUpdate(event.update(), event.payload(), arrival));
  if (resync) {
    stream_.RequestResync();
  } else {
    stream_.Applied(event.update().sequence());
  }
  return absl::OkStatus();
}

absl::Status Session::OnFormat(const v1::StreamFormat& format, Time arrival) {
  format_ = format;
  ASSIGN_OR_RETURN(const bool finished, recorder_.OnFormat(format, arrival));
  if (!finished) return absl::OkStatus();
  const std::string mode =
      format.state() == v1::DISPLAY_STATE_PLANE_OFF
          ? "the plane is off"
          : absl::StrFormat("the display has %dx%d pixels now",
                            format.width_px(), format.height_px());
  context_.console.err << absl::StrFormat(
      "%soriel: %s; %s is complete, the next picture begins a new file\n",
      progress_shown_ ? "\n" : "", mode,
      Printable(recorder_.files().back().path));
  return absl::OkStatus();
}

std::chrono::seconds Session::Patience() const {
  return format_.state() == v1::DISPLAY_STATE_PLANE_OFF ? kPlaneOffTimeout
                                                        : kFirstFrameTimeout;
}

absl::Status Session::NoFrameCame() const {
  const std::string reason =
      format_.state() == v1::DISPLAY_STATE_PLANE_OFF
          ? "the plane is off: " + format_.state_reason()
          : "the encoder gave no keyframe; see orield's log";
  return absl::FailedPreconditionError(absl::StrFormat(
      "no picture came for %d s: %s", Patience().count(), Printable(reason)));
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

nlohmann::json FileJson(const RecordedFile& file) {
  return {{"path", file.path},
          {"width_px", file.size.width_px},
          {"height_px", file.size.height_px},
          {"bytes", file.size_bytes},
          {"frames", file.frame_count},
          {"duration_s", static_cast<double>(file.duration.count()) / 1e6}};
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
    context.console.out << absl::StrFormat(
        "%s: %.1f s, %d frames, %dx%d, %s\n", Printable(file.path),
        static_cast<double>(file.duration.count()) / 1e6, file.frame_count,
        file.size.width_px, file.size.height_px, FormatBytes(file.size_bytes));
  }
}

// What the user must know of the file that a failure left behind.
absl::Status WithConsequence(const absl::Status& status,
                             const absl::Status& finished) {
  if (status.ok()) return finished;
  return absl::Status(
      status.code(),
      absl::StrFormat("%s; %s", std::string(status.message()),
                      finished.ok() ? "what was recorded until then is complete"
                                    : "and the file could not be completed: " +
                                          std::string(finished.message())));
}

}  // namespace

absl::Status RunRecord(const RecordOptions& options,
                       const CommandContext& context) {
  ASSIGN_OR_RETURN(const std::string display,
                   context.connection.ResolveDisplay(options.display));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Recorder> recorder,
      Recorder::Create(options.output, options.force, "oriel: " + display));
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
  if (recorder->files().empty()) {
    if (!status.ok()) return status;
    return absl::FailedPreconditionError(
        "nothing was recorded: it was stopped before the first picture");
  }
  RETURN_IF_ERROR(WithConsequence(status, finished));
  return Flush(context.console);
}

}  // namespace oriel::clients
