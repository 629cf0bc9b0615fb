#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "base/picture/picture.h"
#include "base/picture/rect.h"
#include "clients/lib/update_check.h"
#include "clients/lib/video_decoder.h"

namespace oriel::clients {

// A viewer's decoders by stream id. There are kMaxVideoStreams at most, of
// twice the picture's pixels in all; the one that was unused longest makes
// room for a new one. Thread-compatible.
class VideoStreams {
 public:
  // BGRX of the patch, which is a video patch; valid until the next update
  // (one has at most kMaxVideoStreams). Empty: it follows an access unit that
  // was not decoded here. `sequence` is the update's. kInvalidArgument:
  // damaged. kUnimplemented: a codec that this client has not.
  absl::StatusOr<std::optional<PictureView>> Decode(const CheckedPatch& patch,
                                                    uint64_t sequence,
                                                    Size picture);

  void Clear() { streams_.clear(); }

 private:
  struct Stream {
    std::unique_ptr<VideoDecoder> decoder;
    uint64_t last_use = 0;
    uint64_t sequence = 0;  // of the newest access unit's update
  };

  void MakeRoom(Size size, Size picture);

  std::map<uint32_t, Stream> streams_;
  uint64_t uses_ = 0;
};

}  // namespace oriel::clients
