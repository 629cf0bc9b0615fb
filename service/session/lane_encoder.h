#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/picture/banded_picture.h"
#include "base/picture/damage.h"
#include "capture/display/frame_source.h"
#include "encoder/update.h"
#include "encoder/update_encoder.h"
#include "encoder/video_links.h"
#include "service/session/session_context.h"

namespace oriel::session {

// A frame as a lane keeps it.
struct LaneFrame {
  capture::Frame frame;  // but for its damage
  Time scanned;          // when the scan had ended
};

// From one reference to the next.
struct LaneStep {
  encoder::Update update;
  // False: viewers need no message, nothing that they show changed.
  bool publish = false;
  // Any viewer can go on from this update.
  bool restarts = false;
  Damage done;
  // Where the reference changed.
  Damage destinations;
  // What of that a viewer lacks that did not get the update: not what is
  // inexact for all, and made exact for all later.
  Damage missed;
  Damage inexact;                // after it, see encoder::UpdateEncoder
  BandedPicture reference;       // after it
  uint64_t sequence = 0;         // of the reference
  bool exact = false;            // viewers of it show the whole frame as it is
  std::optional<Time> again_at;  // see encoder::EncodeResult
};

// What a step is to encode.
struct LaneWork {
  // Where the frame and R may differ; empty only where LaneStep::again_at or
  // video_keyframes ask for a step.
  Damage damage;
  // The frames that it came from; see encoder::EncodeRequest.
  std::vector<encoder::FrameChange> changes;
  bool keyframe = false;
  bool video_keyframes = false;
  Time now;  // of the step
};

// Owns a lane's encoder and its reference R, numbers the updates. Knows no
// viewers. Thread-compatible: a lane has one step under way.
class LaneEncoder {
 public:
  // `make` is called for every new picture size; `options.size` is unused.
  LaneEncoder(const encoder::EncoderOptions& options, const Encoders* encoders)
      : options_(options), encoders_(encoders) {}

  // Before the first step of a generation: R becomes black. `generation` 0:
  // not known yet, only makes the encoder for a size that is likely.
  absl::Status Prepare(uint32_t generation, Size size);
  // Nothing comes after it.
  void Close() { encoder_.reset(); }
  // Once Prepare has succeeded.
  encoder::JoinBy join_by() const { return encoder_->join_by(); }
  std::string description() const {
    return encoder_ == nullptr ? "" : encoder_->description();
  }

  // After an error R is as before.
  absl::StatusOr<LaneStep> Encode(const LaneFrame& frame, const LaneWork& work);
  // R takes over the damage without patches, for a lane whose viewers are all
  // catching up.
  LaneStep Skip(const LaneFrame& frame, const Damage& damage);

 private:
  // R becomes `picture` in `done`; `rest` is where the two still differ.
  void TakeOver(const BandedPicture& picture, const Damage& done,
                const Damage& rest);
  LaneStep Finish(const LaneFrame& frame, const LaneWork& work,
                  encoder::EncodeResult result);
  void FillUpdate(const LaneFrame& frame, encoder::EncodeResult& result,
                  bool more_follows, Time now, LaneStep& step);
  // Whether viewers may still wait for the rest before they present.
  bool MayStayTorn(bool more_follows, Time now);
  void AddCheck(encoder::Update& update);

  encoder::EncoderOptions options_;
  const Encoders* const encoders_;
  std::unique_ptr<encoder::UpdateEncoder> encoder_;
  bool encoder_used_ = false;
  BandedPicture reference_;
  uint64_t last_sequence_ = 0;
  // What viewers have as their base; 0: nothing of this generation yet.
  uint64_t base_sequence_ = 0;
  bool more_promised_ = false;
  Time torn_since_{};  // while more_promised_
  int next_checked_band_ = 0;
  encoder::VideoLinks links_;
  // The last step took longer than a tick of a display.
  bool behind_ = false;
};

}  // namespace oriel::session
