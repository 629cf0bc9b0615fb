// oriel_eye SERVER DISPLAY lossless|h264: a viewer that prints what it sees of
// the marker, until it is stopped.

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/picture/picture.h"
#include "base/status_macros.h"
#include "clients/lib/connection.h"
#include "clients/lib/display_stream.h"
#include "clients/lib/picture_updater.h"
#include "oriel/v1/streaming.pb.h"
#include "tests/bench/marker.h"

namespace oriel::bench {
namespace {

// What gRPC puts before each message.
constexpr int64_t kGrpcPrefixBytes = 5;

void LookAt(const Picture& picture, MarkerWatcher& watcher) {
  const int x = kMarkerX + kMarkerSizePx / 2;
  const int y = kMarkerY + kMarkerSizePx / 2;
  if (picture.size().width_px <= x || picture.size().height_px <= y) return;
  watcher.Look(picture.At(x, y)[1]);
}

absl::Status ApplyEvent(const v1::StreamFramesResponse& event,
                        clients::DisplayStream& stream,
                        clients::PictureUpdater& updater,
                        MarkerWatcher& watcher) {
  if (event.has_format()) return updater.Apply(event.format());
  if (!event.has_update()) return absl::OkStatus();
  watcher.Received(static_cast<int64_t>(event.ByteSizeLong()) +
                   kGrpcPrefixBytes);
  const absl::StatusOr<clients::Applied> applied =
      updater.Apply(event.update(), event.payload());
  if (absl::IsFailedPrecondition(applied.status())) {
    stream.RequestResync();
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(applied.status());
  stream.Applied(event.update().sequence());
  if (applied->present) LookAt(updater.picture(), watcher);
  return absl::OkStatus();
}

absl::Status Watch(const std::string& server,
                   const v1::StreamFramesRequest& request) {
  ASSIGN_OR_RETURN(const std::unique_ptr<clients::Connection> connection,
                   clients::Connection::Open(server));
  const std::unique_ptr<clients::DisplayStream> stream =
      clients::DisplayStream::Start(*connection, request);
  clients::PictureUpdater updater;
  MarkerWatcher watcher;
  while (true) {
    ASSIGN_OR_RETURN(
        const std::optional<v1::StreamFramesResponse> event,
        stream->Next(Clock::now() + std::chrono::milliseconds(200)));
    if (event.has_value()) {
      RETURN_IF_ERROR(ApplyEvent(*event, *stream, updater, watcher));
    }
  }
}

int Main(int argc, char** argv) {
  const std::string encoding = argc == 4 ? argv[3] : "";
  if (encoding != "lossless" && encoding != "h264") {
    std::fprintf(stderr, "usage: oriel_eye SERVER DISPLAY lossless|h264\n");
    return 2;
  }
  v1::StreamFramesRequest request;
  request.set_display(argv[2]);
  request.set_encoding(encoding == "h264" ? v1::ENCODING_H264
                                          : v1::ENCODING_LOSSLESS);
  const absl::Status status = Watch(argv[1], request);
  std::fprintf(stderr, "oriel_eye: %s\n",
               std::string(status.message()).c_str());
  return 1;
}

}  // namespace
}  // namespace oriel::bench

int main(int argc, char** argv) { return oriel::bench::Main(argc, argv); }
