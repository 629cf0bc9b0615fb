#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/picture/rect.h"

namespace oriel::encoder {

// What a patch can weigh; the wire's limits (oriel/v1/streaming.proto).
inline constexpr int64_t kMaxPatchPx = 256 * 1024;
inline constexpr size_t kMaxUpdatePayloadBytes = 1024 * 1024 - 64 * 1024;

using Payload = std::shared_ptr<const std::vector<uint8_t>>;

struct Fill {
  uint8_t blue = 0;
  uint8_t green = 0;
  uint8_t red = 0;
  friend bool operator==(const Fill&, const Fill&) = default;
};

// The rectangle's pixels stood at this place in the base picture.
struct Copy {
  int32_t source_x_px = 0;
  int32_t source_y_px = 0;
  friend bool operator==(const Copy&, const Copy&) = default;
};

// One zstd frame of the rectangle's BGRX rows without gaps, or of one byte a
// pixel where all of them are grey.
struct Lossless {
  // Intra when empty; else delta: these pixels of the base picture, rows
  // without gaps, are the frame's raw-content prefix.
  std::optional<Rect> prefix;
  // The prefix, which may have colours, is its green bytes then.
  bool grey = false;
  friend bool operator==(const Lossless&, const Lossless&) = default;
};

enum class VideoCodec { kH264, kVp9, kAv1 };

// One access unit of a stream that covers the patch's rectangle.
struct Video {
  uint32_t stream_id = 0;
  VideoCodec codec = VideoCodec::kH264;
  bool keyframe = false;
  // Of the update with the stream's access unit before this one, which this one
  // needs; 0 of a keyframe. The lane's to set.
  uint64_t previous_sequence = 0;
  friend bool operator==(const Video&, const Video&) = default;
};

// One JPEG that shows the rectangle roughly, for a viewer that waits for the
// exact pixels; no source reads what it covered.
struct Still {
  // The JPEG's sides are the rectangle's divided by this, rounded up.
  int shrink = 1;
  friend bool operator==(const Still&, const Still&) = default;
};

struct Patch {
  Rect rect;
  std::variant<Fill, Copy, Lossless, Video, Still> kind;
  Payload payload;  // null for Fill and Copy
};

// XXH64 (seed 0) over full-width rows of the picture after the update.
struct BandHash {
  int32_t y_px = 0;
  int32_t height_px = 0;
  uint64_t hash = 0;
};

// How long each stage took, for the newest change in the update.
struct StageDurations {
  Duration scan{};
  Duration wait{};  // from the scan's end to the encoder's start
  Duration encode{};
};

// One step of a lane. Immutable once published.
struct Update {
  uint32_t generation = 0;
  uint64_t sequence = 0;
  // The state it applies to; 0: onto anything of its generation.
  uint64_t base_sequence = 0;
  std::vector<Patch> patches;
  // The scan's remaining changes follow in the next update; present after
  // that.
  bool more_follows = false;
  bool exact = false;
  std::optional<BandHash> check;
  StageDurations durations;
  Time capture_time;
};

}  // namespace oriel::encoder
