#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "clients/lib/connection.h"
#include "oriel/v1/streaming.pb.h"

namespace oriel::clients {

// One AttachDisplay call: its events one by one, and its controls. Reads at
// most one message ahead of Next, so that a slow caller is the server's to
// know. Controls that wait for the transport are merged into one. Next, Applied
// and the requests belong to one thread; Cancel is for any.
class DisplayStream {
 public:
  // `connection` outlives the stream.
  static std::unique_ptr<DisplayStream> Start(
      const Connection& connection, const v1::StreamFramesRequest& request);
  // Cancels and waits for gRPC to let go.
  ~DisplayStream();
  DisplayStream(const DisplayStream&) = delete;
  DisplayStream& operator=(const DisplayStream&) = delete;

  // The next event but heartbeats; empty at `deadline`. Acknowledgements leave
  // from within this call, at half the window or 200 ms after Applied, and at
  // once of what brings the viewer up to date.
  // kCancelled after Cancel; kUnavailable also when the server is silent for
  // three heartbeats; else why the server ended the stream. An error is final.
  absl::StatusOr<std::optional<v1::StreamFramesResponse>> Next(Time deadline);

  // The update was applied, and all before it.
  void Applied(uint64_t sequence);
  // `tell` is called from within Next when the first picture of a format has
  // not come for three seconds, and then every ten, with what is waited for.
  void OnWaiting(std::function<void(const std::string& what)> tell) {
    tell_waiting_ = std::move(tell);
  }

  // The caller lost its place. Leaves from within Next, at most one a second,
  // unless Applied shows first that the place was found again.
  void RequestResync();
  // The stream's decoder has nothing to begin with. As RequestResync, unless a
  // keyframe comes first.
  void RequestKeyframe(uint32_t stream_id);

  // Makes Next return kCancelled at once, now and later.
  void Cancel();

 private:
  class Reactor;
  DisplayStream(const Connection& connection, std::string display);

  enum class Waiting { kOpened, kFormat, kPicture, kNothing };

  absl::Status EndStatus();
  absl::Status SilenceStatus() const;
  std::string WhatIsWaitedFor() const;
  void WaitFor(Waiting what);
  void TellWaiting(Time now);
  void NoteEvent(const v1::StreamFramesResponse& event);
  void SendDueAcknowledgement(Time now);
  void SendDueResync(Time now);
  void SendDueKeyframes(Time now);

  const Connection& connection_;
  const std::string display_;
  const std::unique_ptr<Reactor> reactor_;
  uint32_t window_bytes_ = 0;
  Waiting waiting_ = Waiting::kOpened;
  std::string encoder_;  // empty: not told
  std::function<void(const std::string&)> tell_waiting_;
  Time tell_at_;
  Duration silence_limit_;
  Time last_event_;
  Time listened_at_;
  uint64_t unsent_sequence_ = 0;  // 0: every acknowledgement was sent
  Time acknowledge_by_;
  uint64_t unacknowledged_bytes_ = 0;
  uint64_t received_update_count_ = 0;
  bool acknowledge_at_once_ = false;
  bool resync_wanted_ = false;
  Time resync_not_before_{};
  std::set<uint32_t> wanted_keyframes_;
  Time keyframes_not_before_{};
};

}  // namespace oriel::clients
