#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/picture/damage.h"
#include "clients/lib/display_stream.h"
#include "clients/lib/picture_updater.h"
#include "clients/lib/pointer.h"
#include "clients/viewer/screen.h"
#include "oriel/v1/streaming.pb.h"

namespace oriel::clients {

struct FeedOptions {
  std::string server;
  std::string display;  // empty: the only one there is
  v1::Encoding encoding = v1::ENCODING_UNSPECIFIED;
  v1::Quality quality = v1::QUALITY_UNSPECIFIED;
  bool stats = false;  // measure, and tell once a second
};

// Brings a display's updates to a screen, on a thread of its own, and tries
// again after a failure, which the screen's message names; what the server
// will refuse again ends it, and the screen is over. Nothing waits
// in between: the screen has what the last complete update made.
class Feed {
 public:
  // `screen` outlives the feed.
  Feed(const FeedOptions& options, Screen& screen);
  // Ends the stream and waits for the thread.
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Ends the stream. False: after `patience` the thread still waits for a
  // silent server, as the destructor would.
  bool Stop(Duration patience);

  // Why the screen is over; OK before. kInvalidArgument. Any thread.
  absl::Status failure();

 private:
  void Run();
  // One connection; returns why it ended.
  absl::Status Serve();
  void GiveUp(const absl::Status& failure);
  void TellNoPicture(const char* summary, const std::string& message);
  // After an update that is shown.
  void TellPicture(const v1::FrameUpdate& update, const Damage& changed);
  absl::Status ReadEvents();
  absl::Status OnEvent(const v1::StreamFramesResponse& event);
  absl::Status OnFormat(const v1::StreamFormat& format);
  absl::Status OnCursor(const v1::Cursor& cursor, const std::string& payload);
  absl::Status OnUpdate(const v1::FrameUpdate& update,
                        const std::string& payload);
  void OpenStream(const Connection& connection);
  void CloseStream();
  void TellStats(Time now);
  // False when the feed is to end.
  bool Pause();
  bool stopped();

  const FeedOptions options_;
  Screen& screen_;
  Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // the thread has
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  // Guarded only where Cancel needs it: the thread alone makes and drops it.
  DisplayStream* cancellable_ ABSL_GUARDED_BY(mutex_) = nullptr;

  // The thread's own.
  std::unique_ptr<DisplayStream> stream_;
  PictureUpdater updater_;
  Pointer pointer_;
  Damage waiting_;  // applied, to be shown with the rest of its update
  Damage missing_;  // never yet applied since the last format
  ScreenStatus status_;
  bool opened_ = false;  // the server accepted the request
  Time second_start_;
  uint64_t second_updates_ = 0;
  uint64_t second_bytes_ = 0;
  Duration second_apply_{};

  std::thread thread_;
};

}  // namespace oriel::clients
