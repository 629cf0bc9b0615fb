#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/picture/rect.h"
#include "oriel/v1/streaming.pb.h"

namespace oriel::clients {

// The largest picture a server may announce.
inline constexpr uint32_t kMaxSidePx = 16384;
inline constexpr int64_t kMaxPicturePx = int64_t{64} * 1024 * 1024;

// A display has its plane or two video areas; more is memory for nothing.
inline constexpr size_t kMaxVideoStreams = 4;

// A patch that keeps the rules; borrows from the message and its payload.
struct CheckedPatch {
  Rect rect;
  const v1::Patch* message = nullptr;
  std::span<const uint8_t> payload;
  // What a copy or a delta reads of the old picture; else empty.
  Rect source;
};

// kInvalidArgument: no picture that a server may announce.
absl::Status CheckFormat(const v1::StreamFormat& format);

// The update's patches, checked against every rule of streaming.proto that
// can be checked without decoding: destinations, sources, payload sizes.
// kInvalidArgument names the rule. Takes O(n log n) for n patches.
absl::StatusOr<std::vector<CheckedPatch>> CheckUpdate(
    const v1::FrameUpdate& update, std::string_view payload, Size picture);

// Whether no two of them meet.
bool AreDisjoint(std::vector<Rect> rects);

}  // namespace oriel::clients
