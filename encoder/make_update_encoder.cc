#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "encoder/adaptive/adaptive_encoder.h"
#include "encoder/lossless/lossless_encoder.h"
#include "encoder/update_encoder.h"
#include "encoder/video/probe.h"
#include "encoder/video/video_stream.h"
#include "encoder/video/whole_plane_encoder.h"

namespace oriel::encoder {
namespace {

// More than any plane; keeps every product of sizes far from overflow.
constexpr int32_t kMaxSidePx = 16384;

// What x264 is told of areas: the more, the coarser it makes each picture for
// being shown so shortly. By SSIM while a film of 30 Hz plays, this is as fine
// as an x264 that is given the screen sixty times a second, each picture twice.
constexpr int kAreaRateHz = 36;

class VideoArea final : public AreaStream {
 public:
  explicit VideoArea(std::unique_ptr<VideoStream> stream)
      : stream_(std::move(stream)) {}
  absl::StatusOr<Patch> Encode(const BandedPicture& picture,
                               const Damage& damage, bool keyframe,
                               Time capture_time) override {
    if (damage.empty() && !keyframe)
      return stream_->EncodeAgain(picture, capture_time);
    return stream_->Encode(picture, damage, keyframe, capture_time);
  }
  std::string description() const override { return stream_->description(); }

 private:
  const std::unique_ptr<VideoStream> stream_;
};

OpenAreaStream OpenerOf(const EncoderOptions& options) {
  return [quality = options.quality, max_rate_hz = options.max_rate_hz,
          size = options.size](
             uint32_t stream_id,
             const Rect& area) -> absl::StatusOr<std::unique_ptr<AreaStream>> {
    ASSIGN_OR_RETURN(
        std::unique_ptr<VideoStream> stream,
        VideoStream::Open({.codec = VideoCodec::kH264,
                           .area = area,
                           .plane = size,
                           .quality = quality,
                           .max_rate_hz = std::min(max_rate_hz, kAreaRateHz),
                           .stream_id = stream_id}));
    return std::make_unique<VideoArea>(std::move(stream));
  };
}

}  // namespace

std::vector<Encoding> UsableEncodings() {
  constexpr std::pair<Encoding, VideoCodec> kVideo[] = {
      {Encoding::kH264, VideoCodec::kH264},
      {Encoding::kVp9, VideoCodec::kVp9},
      {Encoding::kAv1, VideoCodec::kAv1}};
  std::vector<Encoding> encodings = {Encoding::kAdaptive, Encoding::kLossless};
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
    case Encoding::kAdaptive:
      return std::make_unique<AdaptiveEncoder>(
          size, std::make_unique<LosslessEncoder>(options.parallel_for),
          OpenerOf(options));
    case Encoding::kAv1:
      return WholePlaneEncoder::Make(VideoCodec::kAv1, options);
  }
  return absl::InvalidArgumentError("no encoder makes such an encoding");
}

}  // namespace oriel::encoder
