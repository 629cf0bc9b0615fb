#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "service/session/display_registry.h"

namespace oriel::rpc {

// A viewer that sends what a test tells it to. Thread-safe.
class FakeViewer final : public session::Viewer {
 public:
  FakeViewer(uint64_t id, std::string display, session::ViewerOptions options,
             std::shared_ptr<session::ViewerSink> sink);

  uint64_t id() const override { return id_; }
  void OnWritten() override;
  // An acknowledgement above kNewestSequence is one of what was never sent.
  absl::Status Control(const session::ViewerControl& control) override;
  void Leave() override;

  static constexpr uint64_t kNewestSequence = 1000;
  const std::string& display() const { return display_; }
  const session::ViewerOptions& options() const { return options_; }

  void Send(session::WireMessagePtr message) { sink_->Write(message); }
  void Close(const absl::Status& status) { sink_->Close(status); }
  int written_count() const;
  void AwaitWritten(int count);
  void AwaitLeft();
  // Waits for the control with this place in the order of arrival.
  session::ViewerControl AwaitControl(size_t index);

 private:
  const uint64_t id_;
  const std::string display_;
  const session::ViewerOptions options_;
  const std::shared_ptr<session::ViewerSink> sink_;
  mutable Mutex mutex_;
  CondVar changed_;
  int written_ ABSL_GUARDED_BY(mutex_) = 0;
  bool left_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<session::ViewerControl> controls_ ABSL_GUARDED_BY(mutex_);
};

// Displays as a test sets them. Thread-safe.
class FakeRegistry final : public session::DisplayRegistry {
 public:
  ~FakeRegistry() override;

  void SetDisplay(const session::DisplayStatus& status);
  void RemoveDisplay(const std::string& name) {
    (void)RemoveDisplay(name, "removed");
  }
  // What VisitDevice gives, on the caller's thread; not owned.
  void SetDevice(absl::StatusOr<capture::Device*> device);
  // What TakeSnapshot gives, on a thread of its own.
  void SetSnapshot(absl::StatusOr<capture::Frame> frame);
  // What OpenViewer gives instead of a viewer.
  void RefuseViewers(absl::Status error);
  // Called in OpenViewer before it returns.
  void OnOpen(std::function<void(FakeViewer&)> on_open);
  std::shared_ptr<FakeViewer> AwaitViewer(size_t index);
  std::vector<std::shared_ptr<FakeViewer>> viewers() const;
  int subscription_count() const;

  std::vector<session::DisplayStatus> List() const override;
  absl::StatusOr<session::DisplayStatus> Get(
      const std::string& name) const override;
  uint64_t Subscribe(
      std::function<void(const std::string& name)> on_change) override;
  void Unsubscribe(uint64_t subscription) override;
  absl::StatusOr<std::shared_ptr<session::Viewer>> OpenViewer(
      const std::string& display, const session::ViewerOptions& options,
      std::shared_ptr<session::ViewerSink> sink) override;
  std::shared_ptr<session::Viewer> FindViewer(
      uint64_t viewer_id) const override;
  void TakeSnapshot(
      const std::string& display,
      std::function<void(absl::StatusOr<capture::Frame>)> done) override;
  void VisitDevice(const std::string& display, DeviceVisit visit) override;
  absl::Status AddDisplay(session::DisplayOptions options) override;
  absl::Status RemoveDisplay(const std::string& name,
                             const std::string& reason) override;
  void Wake(const std::string&) override {}
  void TryOpening(const std::string& name) override;
  void AskLifecycle(std::function<void()> answer) override { answer(); }
  void Stop() override;

 private:
  void Notify(const std::string& name);

  mutable Mutex mutex_;
  CondVar changed_;
  std::map<std::string, session::DisplayStatus> displays_
      ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, std::function<void(const std::string&)>> subscriptions_
      ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<FakeViewer>> viewers_ ABSL_GUARDED_BY(mutex_);
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
  std::function<void(FakeViewer&)> on_open_ ABSL_GUARDED_BY(mutex_);
  absl::StatusOr<capture::Frame> snapshot_ ABSL_GUARDED_BY(mutex_) =
      absl::UnavailableError("no snapshot was set");
  absl::StatusOr<capture::Device*> device_ ABSL_GUARDED_BY(mutex_) =
      absl::UnavailableError("no device was set");
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oriel::rpc
