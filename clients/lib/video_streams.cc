#include "clients/lib/video_streams.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace oriel::clients {
namespace {

constexpr int64_t kMaxAreaFactor = 2;

absl::Status CheckCodec(v1::VideoCodec codec) {
  switch (codec) {
    case v1::VIDEO_CODEC_H264:
    case v1::VIDEO_CODEC_VP9:
    case v1::VIDEO_CODEC_AV1:
      return absl::OkStatus();
    default:
      return absl::UnimplementedError(absl::StrFormat(
          "this client has no decoder for video codec %d; ask for another "
          "encoding",
          static_cast<int>(codec)));
  }
}

}  // namespace

absl::StatusOr<std::optional<PictureView>> VideoStreams::Decode(
    const CheckedPatch& patch, uint64_t sequence, Size picture) {
  const v1::Video& video = patch.message->video();
  RETURN_IF_ERROR(CheckCodec(video.codec()));
  const Size size = {patch.rect.width_px, patch.rect.height_px};
  auto found = streams_.find(video.stream_id());
  if (found != streams_.end() &&
      (found->second.decoder->size() != size ||
       found->second.decoder->codec() != video.codec())) {
    streams_.erase(found);
    found = streams_.end();
  }
  if (found == streams_.end()) {
    if (!video.keyframe()) return std::optional<PictureView>();
    MakeRoom(size, picture);
    ASSIGN_OR_RETURN(std::unique_ptr<VideoDecoder> made,
                     VideoDecoder::Make(video.codec(), size));
    found = streams_.emplace(video.stream_id(), Stream{std::move(made)}).first;
  }
  Stream& stream = found->second;
  if (!video.keyframe() && video.previous_sequence() != stream.sequence) {
    // Decoders draw rubbish on what they have rather than fail.
    streams_.erase(found);
    return std::optional<PictureView>();
  }
  stream.last_use = ++uses_;
  stream.sequence = sequence;
  ASSIGN_OR_RETURN(const PictureView pixels,
                   stream.decoder->Decode(patch.payload));
  return pixels;
}

void VideoStreams::MakeRoom(Size size, Size picture) {
  int64_t area_px = size.AreaPx();
  for (const auto& [id, stream] : streams_) {
    area_px += stream.decoder->size().AreaPx();
  }
  while (!streams_.empty() && (streams_.size() >= kMaxVideoStreams ||
                               area_px > kMaxAreaFactor * picture.AreaPx())) {
    const auto oldest = std::min_element(
        streams_.begin(), streams_.end(), [](const auto& a, const auto& b) {
          return a.second.last_use < b.second.last_use;
        });
    area_px -= oldest->second.decoder->size().AreaPx();
    streams_.erase(oldest);
  }
}

}  // namespace oriel::clients
