#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/picture/banded_picture.h"
#include "base/picture/damage.h"
#include "base/picture/rect.h"
#include "encoder/update.h"
#include "encoder/update_encoder.h"
#include "encoder/video/encoder_backend.h"
#include "encoder/video/encoder_pace.h"
#include "encoder/video/yuv_picture.h"

namespace oriel::encoder {

struct VideoStreamOptions {
  VideoCodec codec = VideoCodec::kH264;
  Rect area;   // of the picture; any size and position
  Size plane;  // of the picture; empty: the area is all that matters
  Quality quality = Quality::kMedium;
  int max_rate_hz = 60;
  bool chroma_444 = false;  // else 4:2:0
  uint32_t stream_id = 0;
  // What the time that pictures take is measured by; tests give their own.
  std::function<Time()> now = [] { return Clock::now(); };
};

// One area of the picture as a video stream of its own: an access unit a call,
// a keyframe at the latest two seconds of capture time after the last one. An
// encoder that fails is replaced by the next one of its codec, within the
// call, and so is after it one that cannot keep pace (encoder_pace.h). Another
// area is another stream. Thread-compatible; the codec libraries may run
// threads of their own.
class VideoStream {
 public:
  // With the usable encoders of this host (probe.h). kInvalidArgument: no size
  // that a codec has a level for. kUnimplemented: no encoder works.
  static absl::StatusOr<std::unique_ptr<VideoStream>> Open(
      const VideoStreamOptions& options);
  // With encoders of the caller's choice, in the order in which they are tried.
  static absl::StatusOr<std::unique_ptr<VideoStream>> Open(
      const VideoStreamOptions& options, std::vector<EncoderChoice> choices);
  ~VideoStream();

  // The access unit of the area as a patch. `damage`: where the picture
  // changed since the last call that succeeded; it may reach beyond the area,
  // and does not count where `keyframe` is asked for. Without damage in the
  // area and `keyframe` nothing is encoded: a patch without payload, with an
  // empty rectangle. `capture_time` may stand still or go back. After an error
  // the damage stays the caller's, and the next call starts with a keyframe.
  absl::StatusOr<Patch> Encode(const BandedPicture& picture,
                               const Damage& damage, bool keyframe,
                               Time capture_time);

  // One more access unit of the picture that Encode() was given last: rate
  // control, which sees that little changes, makes it finer.
  absl::StatusOr<Patch> EncodeAgain(const BandedPicture& picture,
                                    Time capture_time);

  const Rect& area() const { return options_.area; }
  // "libx264 ultrafast 4:2:0"; changes when the encoder is replaced.
  std::string description() const { return description_; }

 private:
  VideoStream(const VideoStreamOptions& options,
              std::vector<EncoderChoice> choices)
      : options_(options),
        choices_(std::move(choices)),
        pace_(choices_.size()) {}

  // The first encoder from `choice` on that opens.
  absl::Status OpenFrom(size_t choice);
  absl::StatusOr<std::unique_ptr<EncoderBackend>> OpenChoice(size_t choice);
  // After a picture that took so long.
  void FollowPace(Duration took);
  // `choice` gives way to the next one.
  void LogReplaced(size_t choice, size_t by, const std::string& reason) const;
  absl::StatusOr<Patch> EncodePatch(const BandedPicture& picture,
                                    const Damage& damage, bool keyframe,
                                    Time capture_time);
  absl::StatusOr<AccessUnit> EncodeArea(const BandedPicture& picture,
                                        const Damage& damage, bool keyframe,
                                        Time capture_time);
  absl::StatusOr<AccessUnit> EncodeFrame(bool keyframe);

  const VideoStreamOptions options_;
  const std::vector<EncoderChoice> choices_;
  EncoderPace pace_;
  size_t choice_ = 0;
  std::unique_ptr<YuvPicture> yuv_;
  // Null after an error, until the next call.
  std::unique_ptr<EncoderBackend> backend_;
  std::string description_;
  // The encoder has no picture yet, or not all of yuv_ is up to date.
  bool starts_anew_ = true;
  Time last_keyframe_time_;
};

}  // namespace oriel::encoder
