// Input: StreamFramesResponse messages, each behind its length (32 bits, little
// endian), as one viewer gets them.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "clients/lib/picture_updater.h"
#include "clients/lib/pointer.h"
#include "oriel/v1/streaming.pb.h"

namespace {

// Larger pictures find nothing more and cost much memory and time.
constexpr uint64_t kMaxFuzzedPx = 64 * 1024;

bool IsSmall(const oriel::v1::StreamFormat& format) {
  return uint64_t{format.width_px()} * format.height_px() <= kMaxFuzzedPx;
}

void Play(const oriel::v1::StreamFramesResponse& message,
          oriel::clients::PictureUpdater& viewer,
          oriel::clients::Pointer& pointer) {
  if (message.has_format() && IsSmall(message.format())) {
    viewer.Apply(message.format()).IgnoreError();
  }
  if (message.has_cursor()) {
    const oriel::clients::Pointer before = pointer;
    if (!pointer.Apply(message.cursor(), message.payload()).ok() &&
        pointer != before) {
      std::abort();
    }
  }
  if (!message.has_update()) return;
  const oriel::Picture before = viewer.picture();
  const auto applied = viewer.Apply(message.update(), message.payload());
  if (applied.status().code() == absl::StatusCode::kInvalidArgument &&
      viewer.picture() != before) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  oriel::clients::PictureUpdater viewer;
  oriel::clients::Pointer pointer;
  size_t at = 0;
  while (size_bytes - at >= sizeof(uint32_t)) {
    uint32_t length = 0;
    std::memcpy(&length, data + at, sizeof(length));
    at += sizeof(length);
    if (length > size_bytes - at)
      length = static_cast<uint32_t>(size_bytes - at);
    oriel::v1::StreamFramesResponse message;
    if (message.ParseFromArray(data + at, static_cast<int>(length))) {
      Play(message, viewer, pointer);
    }
    at += length;
  }
  return 0;
}
