// oriel_eye SERVER DISPLAY adaptive|lossless|h264 [PICTURES]: a viewer that
// prints what it sees of the marker, until it is stopped.

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
#include "tests/bench/picture_request.h"

namespace oriel::bench {
namespace {

// What gRPC puts before each message.
constexpr int64_t kGrpcPrefixBytes = 5;
// How long a request for the picture may wait.
constexpr std::chrono::milliseconds kRequestsPause(20);

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
                   const v1::StreamFramesRequest& request,
                   PictureRequests& requests) {
  ASSIGN_OR_RETURN(const std::unique_ptr<clients::Connection> connection,
                   clients::Connection::Open(server));
  const std::unique_ptr<clients::DisplayStream> stream =
      clients::DisplayStream::Start(*connection, request);
  clients::PictureUpdater updater;
  MarkerWatcher watcher;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<v1::StreamFramesResponse> event,
                     stream->Next(Clock::now() + kRequestsPause));
    if (event.has_value()) {
      RETURN_IF_ERROR(ApplyEvent(*event, *stream, updater, watcher));
    }
    const PictureView view = updater.picture().view();
    requests.Answer(view.pixels, view.stride_bytes, view.size.width_px,
                    view.size.height_px);
  }
}

v1::Encoding EncodingOf(const std::string& name) {
  if (name == "adaptive") return v1::ENCODING_ADAPTIVE;
  if (name == "lossless") return v1::ENCODING_LOSSLESS;
  if (name == "h264") return v1::ENCODING_H264;
  return v1::ENCODING_UNSPECIFIED;
}

int Main(int argc, char** argv) {
  v1::StreamFramesRequest request;
  if (argc == 4 || argc == 5) request.set_encoding(EncodingOf(argv[3]));
  if (request.encoding() == v1::ENCODING_UNSPECIFIED) {
    std::fprintf(stderr,
                 "usage: oriel_eye SERVER DISPLAY adaptive|lossless|h264 "
                 "[PICTURES]\n");
    return 2;
  }
  request.set_display(argv[2]);
  PictureRequests requests(argc == 5 ? argv[4] : "");
  const absl::Status status = Watch(argv[1], request, requests);
  std::fprintf(stderr, "oriel_eye: %s\n",
               std::string(status.message()).c_str());
  return 1;
}

}  // namespace
}  // namespace oriel::bench

int main(int argc, char** argv) { return oriel::bench::Main(argc, argv); }
