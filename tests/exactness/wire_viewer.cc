#include "tests/exactness/wire_viewer.h"

#include <chrono>
#include <utility>
#include <vector>

#include "grpcpp/support/byte_buffer.h"
#include "service/wire/grpc_wire_message.h"

namespace oriel::exactness {

WireViewer::WireViewer(bool acknowledges, int stall_ms, int link_bytes_per_s,
                       uint32_t seed)
    : acknowledges_(acknowledges),
      queues_(link_bytes_per_s != 0),
      stall_ms_(stall_ms),
      link_bytes_per_s_(link_bytes_per_s),
      random_(seed),
      thread_([this] { Run(); }) {}

WireViewer::~WireViewer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void WireViewer::Connect(std::shared_ptr<session::Viewer> viewer) {
  bool has_written = false;
  {
    MutexLock lock(mutex_);
    viewer_ = viewer;
    has_written = queues_ && !waiting_.empty();
    changed_.NotifyAll();
  }
  if (has_written) viewer->OnWritten();
}

void WireViewer::Leave() {
  std::shared_ptr<session::Viewer> viewer;
  {
    MutexLock lock(mutex_);
    viewer = viewer_;
  }
  viewer->Leave();
}

void WireViewer::SetPaused(bool paused) {
  std::shared_ptr<session::Viewer> viewer;
  {
    MutexLock lock(mutex_);
    paused_ = paused;
    viewer = viewer_;
  }
  (void)viewer->Control({.paused = paused});
}

Picture WireViewer::picture() const {
  MutexLock lock(mutex_);
  return updater_.picture();
}

bool WireViewer::exact() const {
  MutexLock lock(mutex_);
  return exact_;
}

int WireViewer::resyncs() const {
  MutexLock lock(mutex_);
  return resyncs_;
}

int WireViewer::video_patches() const {
  MutexLock lock(mutex_);
  return video_patches_;
}

int WireViewer::stills() const {
  MutexLock lock(mutex_);
  return stills_;
}

std::string WireViewer::violation() const {
  MutexLock lock(mutex_);
  return violation_;
}

void WireViewer::Write(session::WireMessagePtr message) {
  std::shared_ptr<session::Viewer> viewer;
  {
    MutexLock lock(mutex_);
    waiting_.push_back(std::move(message));
    viewer = viewer_;
    changed_.NotifyAll();
  }
  if (queues_ && viewer != nullptr) viewer->OnWritten();
}

void WireViewer::Close(const absl::Status& /*status*/) {}

void WireViewer::Run() {
  while (true) {
    session::WireMessagePtr message;
    {
      MutexLock lock(mutex_);
      while (!stopping_ && (waiting_.empty() || viewer_ == nullptr))
        changed_.Wait(mutex_);
      if (stopping_) return;
      message = std::move(waiting_.front());
      waiting_.pop_front();
    }
    Stall(message->size_bytes());
    Take(*message);
  }
}

void WireViewer::Stall(size_t size_bytes) {
  if (queues_) {
    std::this_thread::sleep_for(std::chrono::microseconds(
        int64_t(size_bytes) * 1'000'000 / link_bytes_per_s_));
  }
  const int most = stall_ms_;
  if (most == 0 || random_() % 4 != 0) return;
  std::this_thread::sleep_for(std::chrono::milliseconds(random_() % most));
}

void WireViewer::Take(const session::WireMessage& message) {
  std::vector<grpc::Slice> slices;
  v1::StreamFramesResponse response;
  std::string bytes;
  const auto& buffer =
      static_cast<const wire::GrpcWireMessage&>(message).buffer();
  if (buffer.Dump(&slices).ok()) {
    for (const grpc::Slice& slice : slices)
      bytes.append(slice.begin(), slice.end());
  }
  const bool parsed = response.ParseFromString(bytes);
  std::shared_ptr<session::Viewer> viewer;
  session::ViewerControl control;
  {
    MutexLock lock(mutex_);
    if (!parsed) violation_ = "a message that does not parse";
    const int resyncs = resyncs_;
    if (response.has_format()) {
      const absl::Status status = updater_.Apply(response.format());
      if (!status.ok()) violation_ = std::string(status.message());
      exact_ = false;
    } else if (response.has_update()) {
      ++updates_;
      for (const v1::Patch& patch : response.update().patches()) {
        video_patches_ += patch.has_video() ? 1 : 0;
        stills_ += patch.has_still() ? 1 : 0;
      }
      const auto applied =
          updater_.Apply(response.update(), response.payload());
      if (applied.ok()) {
        exact_ = applied->exact;
        control.keyframe_streams = applied->keyframe_streams;
      } else if (absl::IsFailedPrecondition(applied.status())) {
        ++resyncs_;
        violation_ = std::string(applied.status().message());
      } else {
        violation_ = std::string(applied.status().message());
      }
    }
    control.resync = resyncs_ != resyncs;
    control.paused = paused_;
    if (acknowledges_ && response.has_update() && updater_.sequence() != 0) {
      control.applied_sequence = updater_.sequence();
      control.received_update_count = updates_;
    }
    viewer = viewer_;
  }
  if (!queues_) viewer->OnWritten();
  if (control.resync || control.applied_sequence != 0 ||
      !control.keyframe_streams.empty()) {
    (void)viewer->Control(control);
  }
}

}  // namespace oriel::exactness
