#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "clients/cli/commands.h"
#include "clients/cli/display_report.h"
#include "clients/cli/png_file.h"
#include "clients/cli/table.h"
#include "clients/cli/watch_report.h"
#include "clients/cli/whole_file.h"
#include "clients/lib/display_stream.h"
#include "clients/lib/picture_updater.h"

namespace oriel::clients {
namespace {

constexpr std::chrono::seconds kExactTimeout(30);

class Watch {
 public:
  Watch(const WatchOptions& options, const CommandContext& context,
        DisplayStream& stream)
      : options_(options), context_(context), stream_(stream) {}

  // Until a wished end (OK) or a failure.
  absl::Status Run();
  absl::Status PrintSummary();
  // Writes the picture, if a file for it was named.
  absl::Status WriteImage() const;

 private:
  Time Deadline() const;
  double SecondsSoFar() const;
  absl::Status OnDeadline() const;
  absl::Status OnEvent(const v1::StreamFramesResponse& event);
  absl::Status OnOpened(const v1::StreamOpened& opened);
  absl::Status OnEncoder(const v1::StreamEncoder& encoder);
  absl::Status OnFormat(const v1::StreamFormat& format);
  absl::Status OnCursor(const v1::Cursor& cursor, const std::string& payload);
  absl::Status OnUpdate(const v1::FrameUpdate& update,
                        const std::string& payload);
  void LostPlace(const absl::Status& reason);
  bool Done() const;
  // That, and why, not all of a picture came.
  absl::Status NoPicture() const;
  absl::Status Print(const std::string& text, const nlohmann::json& json);

  const WatchOptions& options_;
  const CommandContext& context_;
  DisplayStream& stream_;
  const Time start_ = Clock::now();
  PictureUpdater updater_;
  v1::StreamFormat format_;
  bool lost_ = false;
  WatchSummary summary_;
};

absl::Status Watch::Print(const std::string& text, const nlohmann::json& json) {
  context_.console.out << (context_.json ? JsonLine(json) : text);
  return Flush(context_.console);
}

Time Watch::Deadline() const {
  Time deadline = Time::max();
  if (options_.duration.has_value()) deadline = start_ + *options_.duration;
  if (options_.until_exact) {
    deadline = std::min<Time>(
        deadline, start_ + options_.timeout.value_or(kExactTimeout));
  }
  return deadline;
}

absl::Status Watch::OnDeadline() const {
  if (!options_.until_exact) return absl::OkStatus();
  if (!updater_.whole()) return NoPicture();
  return absl::DeadlineExceededError(
      absl::StrFormat("the picture is not exact after %.1f s", SecondsSoFar()));
}

double Watch::SecondsSoFar() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

absl::Status Watch::NoPicture() const {
  if (format_.state() == v1::DISPLAY_STATE_PLANE_OFF) {
    return absl::FailedPreconditionError(
        absl::StrFormat("no picture came in %.1f s: the plane is off: %s",
                        SecondsSoFar(), Printable(format_.state_reason())));
  }
  if (updater_.sequence() != 0) {
    return absl::UnavailableError(absl::StrFormat(
        "only a part of the picture came in %.1f s; give it longer",
        SecondsSoFar()));
  }
  return absl::UnavailableError(absl::StrFormat(
      "no picture came in %.1f s; is the network slow or orield's host "
      "overloaded?",
      SecondsSoFar()));
}

bool Watch::Done() const {
  if (options_.until_exact && summary_.exact) return true;
  return options_.update_count.has_value() &&
         summary_.update_count >= *options_.update_count;
}

absl::Status Watch::Run() {
  const Time deadline = Deadline();
  absl::Status status;
  while (status.ok() && !Done()) {
    const auto event = stream_.Next(deadline);
    if (context_.stop.triggered()) break;
    if (!event.ok()) {
      status = event.status();
    } else if (event->has_value()) {
      status = OnEvent(**event);
    }
    if (status.ok() && !Done() && Clock::now() >= deadline) {
      status = OnDeadline();
      break;
    }
  }
  summary_.duration = Clock::now() - start_;
  summary_.whole = updater_.whole();
  return status;
}

absl::Status Watch::OnEvent(const v1::StreamFramesResponse& event) {
  if (event.has_opened()) return OnOpened(event.opened());
  if (event.has_encoder()) return OnEncoder(event.encoder());
  if (event.has_format()) return OnFormat(event.format());
  if (event.has_update()) return OnUpdate(event.update(), event.payload());
  if (event.has_cursor()) return OnCursor(event.cursor(), event.payload());
  return absl::OkStatus();
}

absl::Status Watch::OnOpened(const v1::StreamOpened& opened) {
  const std::string encoding = EncodingName(opened.encoding());
  return Print(
      opened.encoder().empty()
          ? encoding + "\n"
          : absl::StrFormat("%s (%s)\n", encoding, Printable(opened.encoder())),
      {{"event", "opened"},
       {"encoding", encoding},
       {"encoder", opened.encoder()},
       {"window_bytes", opened.window_bytes()}});
}

absl::Status Watch::OnEncoder(const v1::StreamEncoder& encoder) {
  return Print(absl::StrFormat("encoder %s\n", Printable(encoder.encoder())),
               {{"event", "encoder"}, {"encoder", encoder.encoder()}});
}

absl::Status Watch::OnFormat(const v1::StreamFormat& format) {
  format_ = format;
  summary_.exact = false;
  lost_ = false;
  const absl::Status applied = updater_.Apply(format);
  if (!applied.ok()) {
    return absl::InternalError("orield broke the stream's rules: " +
                               std::string(applied.message()));
  }
  RETURN_IF_ERROR(Print(FormatLine(format), FormatJson(format)));
  if (options_.until_exact && format.converted()) {
    return absl::FailedPreconditionError(
        "the plane has more than eight bits a channel: its picture is "
        "converted and never exact");
  }
  return absl::OkStatus();
}

absl::Status Watch::OnCursor(const v1::Cursor& cursor,
                             const std::string& payload) {
  const absl::Status applied = summary_.pointer.Apply(cursor, payload);
  if (!applied.ok()) {
    return absl::InternalError("orield broke the stream's rules: " +
                               std::string(applied.message()));
  }
  ++summary_.pointer_count;
  const bool with_shape = !payload.empty();
  return Print(PointerLine(summary_.pointer, with_shape),
               PointerJson(summary_.pointer, with_shape));
}

absl::Status Watch::OnUpdate(const v1::FrameUpdate& update,
                             const std::string& payload) {
  const Time begin = Clock::now();
  const absl::StatusOr<Applied> applied = updater_.Apply(update, payload);
  const Duration duration = Clock::now() - begin;
  if (absl::IsFailedPrecondition(applied.status())) {
    LostPlace(applied.status());
    return absl::OkStatus();
  }
  if (!applied.ok()) {
    return absl::InternalError(absl::StrFormat(
        "orield broke the stream's rules in update %d: %s", update.sequence(),
        std::string(applied.status().message())));
  }
  lost_ = false;
  stream_.Applied(update.sequence());
  for (const uint32_t stream_id : applied->keyframe_streams) {
    stream_.RequestKeyframe(stream_id);
  }
  summary_.exact = applied->exact;
  ++summary_.update_count;
  summary_.payload_bytes += payload.size();
  summary_.patches.Add(CountPatches(update));
  summary_.apply += duration;
  const WatchedUpdate watched{update, payload.size(), duration, applied->exact};
  return Print(UpdateLine(watched), UpdateJson(watched));
}

void Watch::LostPlace(const absl::Status& reason) {
  summary_.exact = false;
  stream_.RequestResync();
  if (lost_) return;
  lost_ = true;
  ++summary_.resync_count;
  context_.console.err << "oriel: asking for a resync: "
                       << Printable(std::string(reason.message())) << "\n";
}

absl::Status Watch::PrintSummary() {
  return Print(SummaryText(summary_), SummaryJson(summary_));
}

absl::Status Watch::WriteImage() const {
  const std::string& path = options_.output_image;
  if (path.empty()) return absl::OkStatus();
  if (!updater_.whole()) {
    const absl::Status why = NoPicture();
    return absl::Status(why.code(),
                        absl::StrFormat("%s was not written: %s", path,
                                        std::string(why.message())));
  }
  ASSIGN_OR_RETURN(const std::string png, EncodePng(updater_.picture().view()));
  return WriteWholeFile(path, png, true);
}

}  // namespace

absl::Status RunWatch(const WatchOptions& options,
                      const CommandContext& context) {
  ASSIGN_OR_RETURN(const std::string display,
                   context.connection.ResolveDisplay(options.display));
  v1::StreamFramesRequest request;
  request.set_display(display);
  request.set_encoding(options.encoding);
  request.set_quality(options.quality);
  const auto stream = DisplayStream::Start(context.connection, request);
  context.stop.Tell([&stream] { stream->Cancel(); });
  stream->OnWaiting([&context](const std::string& what) {
    context.console.err << "oriel: waiting for " << Printable(what) << "\n";
  });
  Watch watch(options, context, *stream);
  const absl::Status status = watch.Run();
  context.stop.Tell([] {});
  // Before the summary: a reader that stands still costs no picture.
  const absl::Status written = watch.WriteImage();
  if (!context.console.out.good()) return status;
  if (!absl::IsNotFound(status) && !absl::IsInvalidArgument(status)) {
    RETURN_IF_ERROR(watch.PrintSummary());
  }
  return status.ok() ? written : status;
}

}  // namespace oriel::clients
