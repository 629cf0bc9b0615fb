// stream_probe SERVER DISPLAY: watches a display for as long as it runs, again
// whenever its stream has ended, and prints a line with CLOCK_MONOTONIC's
// seconds for each first update and each end.

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/status_macros.h"
#include "clients/lib/connection.h"
#include "clients/lib/display_stream.h"
#include "oriel/v1/streaming.pb.h"

namespace oriel {
namespace {

constexpr Duration kPause = std::chrono::milliseconds(20);
constexpr Duration kPatience = std::chrono::seconds(10);

void Print(const char* event, const std::string& text) {
  const double now_s =
      std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
  std::printf("%.6f %s %s\n", now_s, event, text.c_str());
  std::fflush(stdout);
}

// Why the stream ended.
absl::Status Watch(const clients::Connection& connection,
                   const v1::StreamFramesRequest& request) {
  const std::unique_ptr<clients::DisplayStream> stream =
      clients::DisplayStream::Start(connection, request);
  bool shown = false;
  while (true) {
    absl::StatusOr<std::optional<v1::StreamFramesResponse>> event =
        stream->Next(Clock::now() + kPatience);
    if (!event.ok()) {
      if (shown) Print("ended", std::string(event.status().message()));
      return event.status();
    }
    if (!event->has_value() || !(*event)->has_update()) continue;
    if (!shown) Print("shown", request.display());
    shown = true;
    stream->Applied((*event)->update().sequence());
  }
}

absl::Status Probe(const std::string& server, const std::string& display) {
  ASSIGN_OR_RETURN(const std::unique_ptr<clients::Connection> connection,
                   clients::Connection::Open(server));
  v1::StreamFramesRequest request;
  request.set_display(display);
  request.set_encoding(v1::ENCODING_LOSSLESS);
  while (true) {
    const absl::Status end = Watch(*connection, request);
    // Not there now, or (on loan) not known.
    if (!absl::IsUnavailable(end) && !absl::IsNotFound(end)) return end;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace
}  // namespace oriel

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: stream_probe SERVER DISPLAY\n");
    return 2;
  }
  const absl::Status status = oriel::Probe(argv[1], argv[2]);
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return 1;
}
