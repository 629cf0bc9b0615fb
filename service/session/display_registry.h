#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/picture/picture.h"
#include "capture/display/frame_source.h"
#include "encoder/update_encoder.h"
#include "service/session/viewer.h"
#include "service/session/wire_encoder.h"

namespace oriel::capture {
class Device;
}

namespace oriel::session {

enum class DisplayState { kReady, kPlaneOff, kUnavailable };

struct DisplayStatus {
  std::string name;
  DisplayState state = DisplayState::kUnavailable;
  std::string state_reason;
  std::string device;       // for people
  std::string device_name;  // see DisplayOptions
  std::string framebuffer;  // empty while unavailable
  capture::PlaneState plane;
  std::vector<encoder::Encoding> encodings;
  uint32_t viewer_count = 0;
  // As capture::Frame has it; 0: not known.
  uint64_t read_bytes_per_second = 0;
};

struct DisplayOptions {
  std::string name;
  std::string device;  // for people: "vfio-user socket /run/sim.sock"
  // mdev UUID or PCI address; empty: none, or not known.
  std::string device_name;
  int max_rate_hz = 60;
  // Opens the device and finds its framebuffer. May block; called on a thread
  // that serves this display only, again and again with pauses while it fails.
  std::function<absl::StatusOr<std::unique_ptr<capture::FrameSource>>()> open;
};

struct RegistryLimits {
  uint32_t viewers_per_display = 64;
  uint32_t lanes_per_display = 4;
  uint32_t worker_threads = 0;  // 0: one a processor, at most 8
  uint32_t displays = 1024;
};

struct ViewerOptions {
  encoder::Encoding encoding = encoder::Encoding::kLossless;
  encoder::Quality quality = encoder::Quality::kMedium;
  // The transport acknowledges (AttachDisplay): keep at most window_bytes
  // under way. Otherwise only OnWritten holds the stream back.
  bool acknowledges = false;
};

// Every display of the daemon, their lanes and viewers, and the threads that
// serve them. Thread-safe.
class DisplayRegistry {
 public:
  // `wire` outlives the registry.
  static std::unique_ptr<DisplayRegistry> Create(
      std::vector<DisplayOptions> displays, const RegistryLimits& limits,
      const WireEncoder* wire);
  virtual ~DisplayRegistry() = default;

  // By name.
  virtual std::vector<DisplayStatus> List() const = 0;
  // kNotFound lists near names.
  virtual absl::StatusOr<DisplayStatus> Get(const std::string& name) const = 0;

  // `on_change` gets the name of a display whose status changed; called from
  // the daemon's threads, must return at once. Ends with Unsubscribe, which
  // waits for a call under way.
  virtual uint64_t Subscribe(
      std::function<void(const std::string& name)> on_change) = 0;
  virtual void Unsubscribe(uint64_t subscription) = 0;

  // kNotFound; kUnavailable with the reason; kResourceExhausted. The sink must
  // live until its Close was called or Leave returned.
  virtual absl::StatusOr<std::shared_ptr<Viewer>> OpenViewer(
      const std::string& display, const ViewerOptions& options,
      std::shared_ptr<ViewerSink> sink) = 0;
  // Null when no open viewer has this id.
  virtual std::shared_ptr<Viewer> FindViewer(uint64_t viewer_id) const = 0;

  // `done` is called once, on a thread that may do work (scaling, PNG); with an
  // error on any thread, also from inside this call.
  virtual void TakeSnapshot(
      const std::string& display,
      std::function<void(absl::StatusOr<capture::Frame>)> done) = 0;

  // `visit` is called once: on the display's capture thread between two scans
  // with the open device, which it must not keep, or on any thread with an
  // error: kNotFound, kUnavailable, kFailedPrecondition (no device behind the
  // display), kResourceExhausted (Tuning::visits_per_display wait already). The
  // display's pictures wait for it, so its steps should be short.
  using DeviceVisit = std::function<void(absl::StatusOr<capture::Device*>)>;
  virtual void VisitDevice(const std::string& display, DeviceVisit visit) = 0;

  // The display's screen is about to change, as by a viewer's input: it is
  // looked at often again at once. Any thread, as often as one likes; nothing
  // where the display is unknown or nobody watches.
  virtual void Wake(const std::string& display) = 0;

  // Another display from now on. kAlreadyExists; kResourceExhausted beyond
  // RegistryLimits::displays; kUnavailable once stopped.
  virtual absl::Status AddDisplay(DisplayOptions options) = 0;
  // Ends its streams with kUnavailable and `reason`, lets go of its device and
  // waits for its thread: not from a call that the registry makes. kNotFound.
  virtual absl::Status RemoveDisplay(const std::string& name,
                                     const std::string& reason) = 0;
  // Something changed that may let the display's device open: tries at once
  // instead of after the pause. Nothing while it is open, or unknown.
  virtual void TryOpening(const std::string& name) = 0;

  // Calls `answer` once, on the thread that notices devices' ends: whether it
  // hangs.
  virtual void AskLifecycle(std::function<void()> answer) = 0;

  // Ends all streams with kUnavailable "the daemon stops", lets go of all
  // devices, joins all threads. Later calls fail.
  virtual void Stop() = 0;
};

}  // namespace oriel::session
