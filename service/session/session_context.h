#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/picture/banded_picture.h"
#include "base/picture/damage.h"
#include "encoder/update_encoder.h"
#include "service/session/thread_pool.h"
#include "service/session/timer.h"
#include "service/session/viewer_state.h"
#include "service/session/wire_encoder.h"

namespace oriel::session {

// How patches are made; tests give their own.
struct Encoders {
  std::vector<encoder::Encoding> encodings;
  std::function<absl::StatusOr<std::unique_ptr<encoder::UpdateEncoder>>(
      const encoder::EncoderOptions&)>
      make;
  std::function<absl::StatusOr<encoder::EncodeResult>(
      const BandedPicture&, const Damage&, size_t max_payload_bytes)>
      intra;
  // As encoder::EncodeStills; null: none are made.
  std::function<absl::StatusOr<encoder::EncodeResult>(
      const BandedPicture&, const Damage&, size_t max_payload_bytes)>
      stills;
};

// Times and bounds that no user sets.
struct Tuning {
  ViewerLimits viewer;
  Duration heartbeat_interval = std::chrono::seconds(2);
  Duration keyframe_interval = std::chrono::seconds(1);
  // Of one processor, for the steps of one lane; what a burst may go beyond.
  double encode_share = 0.6;
  Duration encode_burst = std::chrono::milliseconds(500);
  // A step that takes longer is told in the log.
  Duration slow_step = std::chrono::seconds(1);
  // While all viewers of a lane catch up, until they get something newer.
  Duration skip_pause = std::chrono::milliseconds(500);
  size_t catch_up_bytes = 64 * 1024;
  // While a viewer's link is measured.
  size_t first_catch_up_bytes = 24 * 1024;
  // Of stills for a viewer whose link is not known.
  size_t still_bytes = 256 * 1024;
  int32_t catch_up_rows_px = 256;
  Duration first_attach_pause = std::chrono::milliseconds(250);
  Duration longest_attach_pause = std::chrono::seconds(2);
  Duration unreadable_retry = std::chrono::milliseconds(500);
  // Between two looks at a display that nobody watches.
  Duration unwatched_pause = std::chrono::seconds(2);
  // Fewer than the service makes in all, so that a display which hangs leaves
  // room for the others.
  size_t snapshots_per_display = 3;
  size_t visits_per_display = 8;
};

// More lanes than this with an encoder at work at the same time take turns.
inline constexpr int kMaxStepThreads = 64;

// What lanes and displays share. Kept alive by whoever may still call into it;
// after the registry's Stop its pools only refuse.
struct SessionContext {
  SessionContext(Encoders encoders, const Tuning& tuning,
                 const WireEncoder* wire, int worker_threads)
      : encoders(std::move(encoders)),
        tuning(tuning),
        wire(wire),
        steps("lane-step", kMaxStepThreads),
        workers("session-worker", worker_threads),
        publishers("publisher", 2),
        snapshots("snapshot", 1) {}

  const Encoders encoders;
  const Tuning tuning;
  const WireEncoder* const wire;  // unused after Stop
  // A step can take seconds (AV1 of noise) or hang (in a GPU's driver), so that
  // each lane's runs beside those of the others.
  ThreadPool steps;
  ThreadPool workers;     // catch-up, and parts of large steps
  ThreadPool publishers;  // start writes
  ThreadPool snapshots;   // large ones take longer than many updates
  Timer timer;
};

}  // namespace oriel::session
