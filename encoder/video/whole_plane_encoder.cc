#include "encoder/video/whole_plane_encoder.h"

#include "base/status_macros.h"

namespace oriel::encoder {

absl::StatusOr<std::unique_ptr<UpdateEncoder>> WholePlaneEncoder::Make(
    VideoCodec codec, const EncoderOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<VideoStream> stream,
                   VideoStream::Open({.codec = codec,
                                      .area = Rect::Of(options.size),
                                      .quality = options.quality,
                                      .max_rate_hz = options.max_rate_hz}));
  return std::unique_ptr<UpdateEncoder>(
      new WholePlaneEncoder(std::move(stream)));
}

absl::StatusOr<EncodeResult> WholePlaneEncoder::Encode(
    const EncodeRequest& request) {
  ASSIGN_OR_RETURN(Patch patch,
                   stream_->Encode(request.picture, request.damage,
                                   request.keyframe, request.capture_time));
  EncodeResult result;
  result.done = request.damage;
  if (patch.payload == nullptr) return result;
  result.keyframe = std::get<Video>(patch.kind).keyframe;
  result.patches.push_back(std::move(patch));
  return result;
}

}  // namespace oriel::encoder
