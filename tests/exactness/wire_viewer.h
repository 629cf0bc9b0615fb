#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "base/picture/picture.h"
#include "clients/lib/picture_updater.h"
#include "oriel/v1/streaming.pb.h"
#include "service/session/viewer.h"

namespace oriel::exactness {

// A client's picture behind the bytes of the wire, but for gRPC; stalls at
// random. Thread-safe.
class WireViewer final : public session::ViewerSink {
 public:
  // `stall_ms`: a message is kept for up to this long now and then.
  // `link_bytes_per_s`: what comes queues, and arrives no faster; 0: each
  // message is awaited.
  WireViewer(bool acknowledges, int stall_ms, int link_bytes_per_s,
             uint32_t seed);
  ~WireViewer() override;

  // What OpenViewer returned.
  void Connect(std::shared_ptr<session::Viewer> viewer);
  void Leave();
  void SetPaused(bool paused);
  // No more stalls, and a fast link.
  void Hurry() {
    stall_ms_ = 0;
    link_bytes_per_s_ = 100'000'000;
  }

  bool acknowledges() const { return acknowledges_; }
  Picture picture() const;
  bool exact() const;
  int resyncs() const;
  int video_patches() const;
  int stills() const;
  // Rules of the wire that the server broke.
  std::string violation() const;

  void Write(session::WireMessagePtr message) override;
  void Close(const absl::Status& status) override;

 private:
  void Run();
  void Stall(size_t size_bytes);
  void Take(const session::WireMessage& message);

  const bool acknowledges_;
  const bool queues_;
  std::atomic<int> stall_ms_;
  std::atomic<int> link_bytes_per_s_;
  std::minstd_rand random_;  // of the thread

  mutable Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<session::Viewer> viewer_ ABSL_GUARDED_BY(mutex_);
  std::deque<session::WireMessagePtr> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;
  clients::PictureUpdater updater_ ABSL_GUARDED_BY(mutex_);
  bool exact_ ABSL_GUARDED_BY(mutex_) = false;
  int resyncs_ ABSL_GUARDED_BY(mutex_) = 0;
  int video_patches_ ABSL_GUARDED_BY(mutex_) = 0;
  int stills_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t updates_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string violation_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace oriel::exactness
