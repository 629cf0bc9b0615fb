#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/picture/banded_picture.h"
#include "base/picture/damage.h"
#include "encoder/update.h"

namespace oriel::encoder {

// A video stream of one rectangle of the picture. Thread-compatible.
class AreaStream {
 public:
  virtual ~AreaStream() = default;
  // One access unit for the area as it is in `picture`; `damage`: where it
  // changed since the last call; nowhere: the same picture again, finer. The
  // first one is a keyframe.
  virtual absl::StatusOr<Patch> Encode(const BandedPicture& picture,
                                       const Damage& damage, bool keyframe,
                                       Time capture_time) = 0;
  virtual std::string description() const = 0;
};

using OpenAreaStream =
    std::function<absl::StatusOr<std::unique_ptr<AreaStream>>(
        uint32_t stream_id, const Rect& area)>;

}  // namespace oriel::encoder
