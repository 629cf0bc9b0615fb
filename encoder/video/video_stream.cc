#include "encoder/video/video_stream.h"

extern "C" {
#include <libavutil/frame.h>
}

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "base/log_limit.h"
#include "base/status_macros.h"
#include "encoder/video/probe.h"

namespace oriel::encoder {
namespace {

// A viewer that joins sees stills of the area until the next one.
constexpr std::chrono::seconds kKeyframeInterval(2);
// H.264's largest level allows 139,264 macroblocks, and no side over
// sqrt(8 * that) of them (Annex A.3.1). VP9's and AV1's level 6 have the same
// number of pixels and sides of 16,384.
constexpr int64_t kMaxMacroblocks = 139'264;
constexpr int32_t kMaxSidePx = 16'384;

absl::Status CheckArea(const Rect& area) {
  const auto macroblocks = [](int32_t px) { return (int64_t{px} + 15) / 16; };
  if (area.empty() || area.x_px < 0 || area.y_px < 0 ||
      area.width_px > kMaxSidePx || area.height_px > kMaxSidePx ||
      macroblocks(area.width_px) * macroblocks(area.height_px) >
          kMaxMacroblocks) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "video has no level for %dx%d px at %d,%d; use LOSSLESS", area.width_px,
        area.height_px, area.x_px, area.y_px));
  }
  return absl::OkStatus();
}

// Of all streams: an area gets another one each time that something moves.
LogLimit& Replacements() {
  static auto* const limit = new LogLimit;
  return *limit;
}

Chroma ChromaOf(const VideoStreamOptions& options) {
  return options.chroma_444 ? Chroma::k444 : Chroma::k420;
}

// Names what was tried, when there was something to try.
absl::Status NoEncoder(const VideoStreamOptions& options) {
  std::string reasons;
  for (const EncoderProbe& probe : ProbeVideoEncoders()) {
    if (probe.codec != options.codec || probe.usable) continue;
    reasons += absl::StrFormat("; %s: %s", probe.name, probe.reason);
  }
  return absl::UnimplementedError(absl::StrFormat(
      "no encoder of %s%s works on this host; use another encoding%s",
      CodecName(options.codec), options.chroma_444 ? " in 4:4:4" : "",
      reasons));
}

}  // namespace

VideoStream::~VideoStream() = default;

absl::StatusOr<std::unique_ptr<VideoStream>> VideoStream::Open(
    const VideoStreamOptions& options) {
  return Open(options, UsableEncoders(options.codec, ChromaOf(options)));
}

absl::StatusOr<std::unique_ptr<VideoStream>> VideoStream::Open(
    const VideoStreamOptions& options, std::vector<EncoderChoice> choices) {
  RETURN_IF_ERROR(CheckArea(options.area));
  if (choices.empty()) return NoEncoder(options);
  std::unique_ptr<VideoStream> stream(
      new VideoStream(options, std::move(choices)));
  ASSIGN_OR_RETURN(stream->yuv_,
                   YuvPicture::Make(options.area, ChromaOf(options)));
  stream->yuv_->frame()->pts = 0;
  RETURN_IF_ERROR(stream->OpenFrom(0));
  return stream;
}

absl::StatusOr<std::unique_ptr<EncoderBackend>> VideoStream::OpenChoice(
    size_t choice) {
  const AVFrame& frame = *yuv_->frame();
  return choices_[choice].open({.size = {frame.width, frame.height},
                                .quality = options_.quality,
                                .max_rate_hz = options_.max_rate_hz,
                                .chroma = ChromaOf(options_),
                                .plane_px = options_.plane.AreaPx()});
}

absl::Status VideoStream::OpenFrom(size_t choice) {
  for (;; ++choice) {
    auto opened = OpenChoice(choice);
    if (opened.ok()) {
      choice_ = choice;
      backend_ = *std::move(opened);
      description_ = backend_->description();
      return absl::OkStatus();
    }
    pace_.Drop(choice);
    if (choice + 1 == choices_.size()) return opened.status();
    LogReplaced(choice, choice + 1, std::string(opened.status().message()));
  }
}

void VideoStream::FollowPace(Duration took) {
  const size_t next = pace_.Next(choice_, took);
  if (next == choice_) return;
  auto opened = OpenChoice(next);
  if (!opened.ok()) return pace_.Drop(next);
  const AVFrame& frame = *yuv_->frame();
  LogReplaced(
      choice_, next,
      absl::StrFormat("it takes %d ms for a picture of %dx%d px",
                      std::chrono::duration_cast<std::chrono::milliseconds>(
                          pace_.mean(choice_).value_or(took))
                          .count(),
                      frame.width, frame.height));
  choice_ = next;
  backend_ = *std::move(opened);
  description_ = backend_->description();
  starts_anew_ = true;
}

void VideoStream::LogReplaced(size_t choice, size_t by,
                              const std::string& reason) const {
  const std::optional<std::string> unsaid =
      Replacements().Admit(choices_[choice].name + reason);
  if (!unsaid.has_value()) return;
  spdlog::warn("event=encoder_replaced codec={} failed={} by={} reason={}{}",
               CodecName(options_.codec), choices_[choice].name,
               choices_[by].name, LogText(reason), *unsaid);
}

absl::StatusOr<Patch> VideoStream::Encode(const BandedPicture& picture,
                                          const Damage& damage, bool keyframe,
                                          Time capture_time) {
  const Rect& area = options_.area;
  if (!Rect::Of(picture.size()).Contains(area)) {
    return absl::InvalidArgumentError("the video's area is not in the picture");
  }
  if (!keyframe && !damage.Intersects(area)) return Patch{};
  return EncodePatch(picture, damage, keyframe, capture_time);
}

absl::StatusOr<Patch> VideoStream::EncodeAgain(const BandedPicture& picture,
                                               Time capture_time) {
  return EncodePatch(picture, Damage(), /*keyframe=*/false, capture_time);
}

absl::StatusOr<Patch> VideoStream::EncodePatch(const BandedPicture& picture,
                                               const Damage& damage,
                                               bool keyframe,
                                               Time capture_time) {
  const Time begun = options_.now();
  absl::StatusOr<AccessUnit> unit =
      EncodeArea(picture, damage, keyframe, capture_time);
  if (!unit.ok()) {
    backend_.reset();
    starts_anew_ = true;
    return unit.status();
  }
  starts_anew_ = false;
  if (unit->keyframe) last_keyframe_time_ = capture_time;
  FollowPace(options_.now() - begun);
  return Patch{.rect = options_.area,
               .kind = Video{.stream_id = options_.stream_id,
                             .codec = options_.codec,
                             .keyframe = unit->keyframe},
               .payload = std::move(unit->bytes)};
}

absl::StatusOr<AccessUnit> VideoStream::EncodeArea(const BandedPicture& picture,
                                                   const Damage& damage,
                                                   bool keyframe,
                                                   Time capture_time) {
  if (backend_ == nullptr) RETURN_IF_ERROR(OpenFrom(choice_));
  keyframe = keyframe || starts_anew_;
  yuv_->Convert(picture, keyframe ? Damage(options_.area) : damage);
  ++yuv_->frame()->pts;
  absl::StatusOr<AccessUnit> unit = EncodeFrame(
      keyframe || capture_time - last_keyframe_time_ >= kKeyframeInterval);
  while (!unit.ok() && choice_ + 1 < choices_.size()) {
    backend_.reset();
    LogReplaced(choice_, choice_ + 1, std::string(unit.status().message()));
    pace_.Drop(choice_);
    RETURN_IF_ERROR(OpenFrom(choice_ + 1));
    unit = EncodeFrame(true);
  }
  return unit;
}

absl::StatusOr<AccessUnit> VideoStream::EncodeFrame(bool keyframe) {
  AVFrame& frame = *yuv_->frame();
  frame.pict_type = keyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  ASSIGN_OR_RETURN(AccessUnit unit, backend_->Encode(frame));
  if (keyframe && !unit.keyframe) {
    return absl::InternalError(backend_->description() +
                               ": made no keyframe where one was asked for");
  }
  return unit;
}

}  // namespace oriel::encoder
