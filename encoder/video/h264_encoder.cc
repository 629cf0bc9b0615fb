#include "encoder/video/h264_encoder.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "base/status_macros.h"

namespace oriel::encoder {
namespace {

constexpr char kPreset[] = "ultrafast";
// Recorders seek to keyframes; viewers ask for theirs.
constexpr int kKeyframeIntervalSeconds = 10;
// H.264's largest level allows 139,264 macroblocks, and no side over
// sqrt(8 * that) of them (Annex A.3.1).
constexpr int64_t kMaxMacroblocks = 139'264;
constexpr int32_t kMaxSidePx = 16'880;
constexpr int64_t kThreadedPx = int64_t{1280} * 720;

// libx264 keeps global state while it opens and closes.
Mutex& OpenCloseMutex() {
  static Mutex mutex;
  return mutex;
}

const char* CrfOf(Quality quality) {
  switch (quality) {
    case Quality::kLow:
      return "28";
    case Quality::kMedium:
      return "23";
    case Quality::kHigh:
      return "18";
  }
  return "23";
}

absl::Status AvError(const char* tried, int code) {
  char reason[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, reason, sizeof(reason));
  return absl::InternalError(
      absl::StrFormat("H.264 encoder: %s: %s", tried, reason));
}

absl::Status CheckSize(Size size) {
  const auto macroblocks = [](int32_t px) { return (int64_t{px} + 15) / 16; };
  if (size.empty() || size.width_px > kMaxSidePx ||
      size.height_px > kMaxSidePx ||
      macroblocks(size.width_px) * macroblocks(size.height_px) >
          kMaxMacroblocks) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "H.264 has no level for a picture of %dx%d px; use LOSSLESS",
        size.width_px, size.height_px));
  }
  return absl::OkStatus();
}

int ThreadsFor(Size size) {
  if (size.AreaPx() < kThreadedPx) return 1;
  return std::min(2u, std::max(1u, std::thread::hardware_concurrency()));
}

void SetStream(const EncoderOptions& options, AVCodecContext& context) {
  context.width = options.size.width_px + options.size.width_px % 2;
  context.height = options.size.height_px + options.size.height_px % 2;
  context.pix_fmt = AV_PIX_FMT_YUV420P;
  context.color_range = AVCOL_RANGE_MPEG;
  context.colorspace = AVCOL_SPC_BT709;
  context.color_primaries = AVCOL_PRI_BT709;
  context.color_trc = AVCOL_TRC_BT709;
  context.time_base = {1, 1'000'000};
  context.framerate = {std::max(1, options.max_rate_hz), 1};
  context.gop_size =
      kKeyframeIntervalSeconds * std::max(1, options.max_rate_hz);
  context.max_b_frames = 0;
  context.refs = 1;
  // x264's own bound lets quantisers rise above what H.264 has names for, and
  // rows freeze.
  context.qmax = 51;
  context.thread_count = ThreadsFor(options.size);
  context.thread_type = FF_THREAD_SLICE;
  // Errors come back as a Status; the rest is of no use to anybody.
  context.log_level_offset = 64;
}

}  // namespace

void H264Encoder::FreeContext::operator()(AVCodecContext* context) const {
  MutexLock lock(OpenCloseMutex());
  avcodec_free_context(&context);
}

void H264Encoder::FreePacket::operator()(AVPacket* packet) const {
  av_packet_free(&packet);
}

H264Encoder::~H264Encoder() = default;

std::string H264Encoder::description() const {
  return absl::StrFormat("libx264 %s, CRF %s", kPreset,
                         CrfOf(options_.quality));
}

absl::StatusOr<std::unique_ptr<UpdateEncoder>> H264Encoder::Make(
    const EncoderOptions& options) {
  RETURN_IF_ERROR(CheckSize(options.size));
  std::unique_ptr<H264Encoder> encoder(new H264Encoder(options));
  ASSIGN_OR_RETURN(encoder->yuv_, YuvPicture::Make(options.size));
  ASSIGN_OR_RETURN(encoder->context_, Open(options));
  encoder->packet_.reset(av_packet_alloc());
  if (encoder->packet_ == nullptr) {
    return absl::ResourceExhaustedError("no memory for an access unit");
  }
  return encoder;
}

absl::StatusOr<H264Encoder::ContextPtr> H264Encoder::Open(
    const EncoderOptions& options) {
  const AVCodec* const codec = avcodec_find_encoder_by_name("libx264");
  if (codec == nullptr) {
    return absl::UnimplementedError(
        "this machine's FFmpeg has no libx264; install Debian's libavcodec or "
        "use LOSSLESS");
  }
  ContextPtr context(avcodec_alloc_context3(codec));
  if (context == nullptr) {
    return absl::ResourceExhaustedError("no memory for an H.264 encoder");
  }
  SetStream(options, *context);
  const std::pair<const char*, const char*> settings[] = {
      {"preset", kPreset},
      {"tune", "zerolatency"},
      {"crf", CrfOf(options.quality)},
      {"forced-idr", "1"},
      {"sc_threshold", "0"},
      // force-cfr: pictures come when something changes, and the quality must
      // not depend on how long ago the last one was.
      {"x264-params",
       "scenecut=0:weightp=0:repeat-headers=1:annexb=1:force-cfr=1"},
  };
  for (const auto& [name, value] : settings) {
    const int code =
        av_opt_set(context.get(), name, value, AV_OPT_SEARCH_CHILDREN);
    if (code < 0) return AvError(name, code);
  }
  MutexLock lock(OpenCloseMutex());
  const int code = avcodec_open2(context.get(), codec, nullptr);
  if (code < 0) {
    // Freed under the lock that is held here already.
    AVCodecContext* failed = context.release();
    avcodec_free_context(&failed);
    return AvError("opening libx264", code);
  }
  return context;
}

absl::StatusOr<EncodeResult> H264Encoder::Encode(const EncodeRequest& request) {
  if (context_ == nullptr) {
    ASSIGN_OR_RETURN(context_, Open(options_));
  }
  absl::StatusOr<Patch> patch = EncodePicture(request);
  if (!patch.ok()) {
    context_.reset();
    starts_anew_ = true;
    return patch.status();
  }
  starts_anew_ = false;
  EncodeResult result;
  result.keyframe = std::get<Video>(patch->kind).keyframe;
  result.patches.push_back(*std::move(patch));
  result.done = request.damage;
  return result;
}

absl::StatusOr<Patch> H264Encoder::EncodePicture(const EncodeRequest& request) {
  AVFrame* const frame = yuv_->frame();
  RETURN_IF_ERROR(yuv_->Convert(
      request.picture,
      starts_anew_ ? Damage(Rect::Of(options_.size)) : request.damage));
  const int64_t capture_us =
      std::chrono::duration_cast<std::chrono::microseconds>(
          request.capture_time.time_since_epoch())
          .count();
  last_pts_us_ = std::max(capture_us, last_pts_us_ + 1);
  frame->pts = last_pts_us_;
  const bool keyframe = request.keyframe || starts_anew_;
  frame->pict_type = keyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  const int code = avcodec_send_frame(context_.get(), frame);
  if (code < 0) return AvError("taking a picture", code);
  return TakeAccessUnit();
}

absl::StatusOr<Patch> H264Encoder::TakeAccessUnit() {
  int code = avcodec_receive_packet(context_.get(), packet_.get());
  if (code == AVERROR(EAGAIN)) {
    return absl::InternalError(
        "H.264 encoder: held a picture back instead of encoding it at once");
  }
  if (code < 0) return AvError("encoding a picture", code);
  auto payload = std::make_shared<const std::vector<uint8_t>>(
      packet_->data, packet_->data + packet_->size);
  const bool keyframe = (packet_->flags & AV_PKT_FLAG_KEY) != 0;
  av_packet_unref(packet_.get());
  code = avcodec_receive_packet(context_.get(), packet_.get());
  if (code != AVERROR(EAGAIN)) {
    av_packet_unref(packet_.get());
    return absl::InternalError(
        "H.264 encoder: made more than one access unit of a picture");
  }
  return Patch{
      Rect::Of(options_.size),
      Video{.stream_id = 0, .codec = VideoCodec::kH264, .keyframe = keyframe},
      std::move(payload)};
}

}  // namespace oriel::encoder
