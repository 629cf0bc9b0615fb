#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "encoder/lossless/lossless_encoder.h"
#include "encoder/update_encoder.h"
#include "encoder/video/probe.h"
#include "encoder/video/whole_plane_encoder.h"

namespace oriel::encoder {
namespace {

// More than any plane; keeps every product of sizes far from overflow.
constexpr int32_t kMaxSidePx = 16384;

}  // namespace

std::vector<Encoding> UsableEncodings() {
  constexpr std::pair<Encoding, VideoCodec> kVideo[] = {
      {Encoding::kH264, VideoCodec::kH264},
      {Encoding::kVp9, VideoCodec::kVp9},
      {Encoding::kAv1, VideoCodec::kAv1}};
  std::vector<Encoding> encodings = {Encoding::kLossless};
  for (const auto& [encoding, codec] : kVideo) {
    if (!UsableEncoders(codec, Chroma::k420).empty()) {
      encodings.push_back(encoding);
    }
  }
  return encodings;
}

absl::StatusOr<std::unique_ptr<UpdateEncoder>> MakeUpdateEncoder(
    const EncoderOptions& options) {
  const Size size = options.size;
  if (size.empty() || size.width_px > kMaxSidePx ||
      size.height_px > kMaxSidePx) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "cannot encode a picture of %dx%d px: sides must be 1 to %d px",
        size.width_px, size.height_px, kMaxSidePx));
  }
  switch (options.encoding) {
    case Encoding::kLossless:
      return std::make_unique<LosslessEncoder>(options.parallel_for);
    case Encoding::kH264:
      return WholePlaneEncoder::Make(VideoCodec::kH264, options);
    case Encoding::kVp9:
      return WholePlaneEncoder::Make(VideoCodec::kVp9, options);
    case Encoding::kAv1:
      return WholePlaneEncoder::Make(VideoCodec::kAv1, options);
  }
  return absl::InvalidArgumentError("no encoder makes such an encoding");
}

}  // namespace oriel::encoder
