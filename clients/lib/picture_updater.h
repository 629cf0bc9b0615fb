#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/picture/damage.h"
#include "base/picture/picture.h"
#include "clients/lib/update_check.h"
#include "clients/lib/video_streams.h"
#include "clients/lib/zstd_patch.h"
#include "oriel/v1/streaming.pb.h"

namespace oriel::clients {

struct Applied {
  // Covers every pixel that may look different now.
  Damage changed;
  // False: the rest of the same change follows; show the picture after that.
  bool present = false;
  // The picture equals the display's plane byte for byte.
  bool exact = false;
  // Streams whose access unit was left out, because their keyframe was not
  // seen; the area kept what it had. Ask for one (RequestKeyframe).
  std::vector<uint32_t> keyframe_streams;
};

// A viewer's picture, kept by the rules of streaming.proto. An update is
// applied as a whole or not at all, and nothing a server sends makes it read,
// write or allocate out of bounds. Thread-compatible.
class PictureUpdater {
 public:
  // A new generation: black, in the new size. kInvalidArgument: a size that no
  // display has; all stays as it was.
  absl::Status Apply(const v1::StreamFormat& format);

  // Of one StreamFramesResponse. After an error the picture is as it was, but
  // for a failed check.
  // kFailedPrecondition: the viewer lost its place (another generation or
  // base, access unit damaged, rows differ from the check):
  // ask once for a resync and go on; until it comes, updates fail like this.
  // kInvalidArgument: the update breaks a rule; the server is no good.
  // kUnimplemented: a video codec that this client has not.
  absl::StatusOr<Applied> Apply(const v1::FrameUpdate& update,
                                std::string_view payload);

  // BGRX; empty while the plane is off and before the first format.
  const Picture& picture() const { return picture_; }
  // All of the picture has come since the last format. Until then it is black
  // where nothing came, which nobody must take for what the display shows.
  bool whole() const { return whole_; }
  uint32_t generation() const { return generation_; }
  // The state that the picture is in; 0: none that the server knows.
  uint64_t sequence() const { return sequence_; }

 private:
  // Pixels that wait for their place in the picture.
  struct Ready {
    Rect rect;
    PictureView pixels;
  };

  absl::Status CheckPlace(const v1::FrameUpdate& update) const;
  // Everything but video into scratch_, from the picture as it is.
  absl::Status DecodePatches(const std::vector<CheckedPatch>& patches,
                             std::vector<Ready>& ready);
  absl::Status DecodeLossless(const CheckedPatch& patch, uint8_t* out);
  absl::Status DecodeVideos(const std::vector<CheckedPatch>& patches,
                            uint64_t sequence, std::vector<Ready>& ready,
                            std::vector<uint32_t>& keyframe_streams);
  void Commit(const std::vector<CheckedPatch>& patches,
              const std::vector<Ready>& ready);
  absl::Status VerifyCheck(const v1::FrameUpdate& update);
  void LosePlace();

  bool has_format_ = false;
  uint32_t generation_ = 0;
  uint64_t sequence_ = 0;
  bool whole_ = false;
  Picture picture_;
  ZstdPatchDecoder zstd_;
  VideoStreams videos_;
  std::vector<uint8_t> scratch_;
  std::vector<uint8_t> prefix_;
};

}  // namespace oriel::clients
