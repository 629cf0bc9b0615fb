#include "encoder/video_links.h"

#include <variant>

namespace oriel::encoder {

void VideoLinks::Link(Update& update) {
  for (Patch& patch : update.patches) {
    auto* const video = std::get_if<Video>(&patch.kind);
    if (video == nullptr) continue;
    uint64_t& newest = sequences_[video->stream_id];
    video->previous_sequence = video->keyframe ? 0 : newest;
    newest = update.sequence;
  }
}

}  // namespace oriel::encoder
