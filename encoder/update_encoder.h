#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/picture/banded_picture.h"
#include "base/picture/damage.h"
#include "encoder/update.h"

namespace oriel::encoder {

// How a viewer that is not current gets there.
enum class JoinBy {
  kCatchUp,   // private intra patches of the reference picture
  kKeyframe,  // waits for the next keyframe
};

// What changed with one frame.
struct FrameChange {
  Damage damage;
  Time time;  // when the frame was captured
};

struct EncodeRequest {
  const BandedPicture& picture;    // C: what viewers shall show
  const BandedPicture& reference;  // R: what they show; the only base
  // Where the two may differ. Empty only where EncodeResult::again_at asked for
  // it, or for video_keyframes.
  const Damage& damage;
  // Refer to nothing before this update: for one with base_sequence 0, which
  // may have no sources.
  bool keyframe = false;
  size_t max_payload_bytes = kMaxUpdatePayloadBytes;
  Time capture_time;
  // Pixels of R that viewers may not have exactly: no copy and no prefix reads
  // them, and where they are damaged they are sent though C equals R. Null:
  // none.
  const Damage* unusable_reference = nullptr;
  // Destinations of other patches of the same update: no patch touches them.
  // Null: none.
  const Damage* taken = nullptr;
  // The encoder is behind: rather larger patches than late ones.
  bool hurry = false;
  Time now;  // of this call
  // The frames that `damage` came from, oldest first; the oldest of many are
  // left out. Empty: it came from one, at capture_time.
  std::span<const FrameChange> changes;
  // A viewer waits for keyframes of the video streams.
  bool video_keyframes = false;
};

struct EncodeResult {
  std::vector<Patch> patches;  // disjoint destinations
  // The part of the damage that is done with: encoded, or found unchanged.
  // What is left goes into the next update. A single patch may exceed
  // max_payload_bytes (a video access unit cannot be cut).
  Damage done;
  bool keyframe = false;
  // The encoder has something to send then, though nothing changes.
  std::optional<Time> again_at;
};

// Turns changes of one display into patches, in the order of its calls; made
// for one picture size and thrown away with it. Thread-compatible: one lane
// task at a time. After an error the damage stays the caller's, and the
// encoder can go on.
class UpdateEncoder {
 public:
  virtual ~UpdateEncoder() = default;
  virtual absl::StatusOr<EncodeResult> Encode(const EncodeRequest& request) = 0;
  // R became C there without patches: all viewers catch up by themselves.
  virtual void Skipped(const Damage& /*damage*/) {}
  virtual JoinBy join_by() const = 0;
  // Where a viewer that applied every patch may differ from the reference:
  // what lossy video covered and no exact patch since. Always empty where
  // exact() is false.
  virtual const Damage& inexact() const {
    static const Damage* const none = new Damage();
    return *none;
  }
  // Whether a viewer that applied every patch shows the picture byte for byte
  // where it is not inexact().
  virtual bool exact() const = 0;
  // "zstd level 1", "libx264 ultrafast 4:2:0": for logs and StreamOpened.
  virtual std::string description() const = 0;
};

// Calls task(0) to task(count - 1), on any threads and in any order, and
// returns when all have returned.
using ParallelFor =
    std::function<void(int count, const std::function<void(int)>& task)>;

// ADAPTIVE is lossless patches, and video where something moves that they
// cannot hold; video encodings are one stream of the whole plane.
enum class Encoding { kAdaptive, kLossless, kH264, kVp9, kAv1 };

// "h264": for logs.
inline const char* EncodingName(Encoding encoding) {
  switch (encoding) {
    case Encoding::kAdaptive:
      return "adaptive";
    case Encoding::kLossless:
      return "lossless";
    case Encoding::kH264:
      return "h264";
    case Encoding::kVp9:
      return "vp9";
    case Encoding::kAv1:
      return "av1";
  }
  return "unknown";
}

// 1 low, 2 medium, 3 high; LOSSLESS has one quality only.
enum class Quality { kLow = 1, kMedium = 2, kHigh = 3 };

struct EncoderOptions {
  Encoding encoding = Encoding::kLossless;
  Quality quality = Quality::kMedium;
  Size size;
  int max_rate_hz = 60;
  // For large updates. Null: on the caller's thread; the patches are the same.
  ParallelFor parallel_for;
};

// Those that can be made on this host, the one that viewers get who do not
// choose first; video where an encoder of its codec works, which is tried here
// when nobody did before. Thread-safe.
std::vector<Encoding> UsableEncodings();

// kInvalidArgument: a size that the codec cannot have. kUnimplemented: no
// encoder of that codec works on this host.
absl::StatusOr<std::unique_ptr<UpdateEncoder>> MakeUpdateEncoder(
    const EncoderOptions& options);

// Intra and fill patches of `damage` (inside the picture), up to about
// max_payload_bytes, at least one patch: for viewers that catch up. Any
// thread; `done` as in EncodeResult.
absl::StatusOr<EncodeResult> EncodeIntra(const BandedPicture& picture,
                                         const Damage& damage,
                                         size_t max_payload_bytes);

// Stills of `damage`'s rectangles (inside the picture), as good as
// max_payload_bytes allow. Where even the coarsest need more than that, the
// first of them, at least one patch. Any thread; `done` is what they cover.
absl::StatusOr<EncodeResult> EncodeStills(const BandedPicture& picture,
                                          const Damage& damage,
                                          size_t max_payload_bytes);

}  // namespace oriel::encoder
