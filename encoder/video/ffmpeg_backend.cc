#include "encoder/video/ffmpeg_backend.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/hwcontext.h>
#include <libavutil/opt.h>
}

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "encoder/video/av_log_capture.h"
#include "encoder/video/av_ptr.h"

namespace oriel::encoder {
namespace {

// Keyframes are asked for; this only fits what every codec can count.
constexpr int kMaxPicturesBetweenKeyframes = 30'000;
constexpr int64_t kThreadedPx = int64_t{1280} * 720;
constexpr int32_t kThreadedWidthPx = 256;  // threads have tiles of their own
constexpr int kFirstRenderNode = 128;
constexpr int kRenderNodes = 16;
constexpr int kHardwarePictures = 4;

// libx264 keeps global state while it opens and closes.
Mutex& X264Mutex() {
  static Mutex mutex;
  return mutex;
}

int OpenContext(AVCodecContext* context, const AVCodec* codec, bool x264) {
  if (!x264) return avcodec_open2(context, codec, nullptr);
  MutexLock lock(X264Mutex());
  return avcodec_open2(context, codec, nullptr);
}

int ThreadsFor(Size size) {
  if (size.AreaPx() < kThreadedPx || size.width_px < kThreadedWidthPx) return 1;
  return std::clamp<int>(std::thread::hardware_concurrency(), 1, 2);
}

struct FreeContext {
  // FFmpeg forgets the codec when opening fails.
  bool x264 = false;
  void operator()(AVCodecContext* context) const {
    if (!x264) return avcodec_free_context(&context);
    MutexLock lock(X264Mutex());
    avcodec_free_context(&context);
  }
};
struct FreeBuffer {
  void operator()(AVBufferRef* buffer) const { av_buffer_unref(&buffer); }
};
using ContextPtr = std::unique_ptr<AVCodecContext, FreeContext>;
using PacketPtr = AvPtr<AVPacket>;
using FramePtr = AvPtr<AVFrame>;
using BufferPtr = std::unique_ptr<AVBufferRef, FreeBuffer>;

std::string RenderNode(int number) {
  return absl::StrFormat("/dev/dri/renderD%d", kFirstRenderNode + number);
}

std::vector<std::string> RenderNodes() {
  std::vector<std::string> nodes;
  for (int i = 0; i < kRenderNodes; ++i) {
    if (::access(RenderNode(i).c_str(), F_OK) == 0) {
      nodes.push_back(RenderNode(i));
    }
  }
  return nodes;
}

absl::Status NoVaDisplay(const std::string& reason) {
  return absl::UnavailableError("no VA display: " + reason);
}

// The first GPU that VA can use.
absl::StatusOr<BufferPtr> OpenVaDevice() {
  std::string reasons;
  for (const std::string& node : RenderNodes()) {
    const AvLogCapture log;
    AVBufferRef* device = nullptr;
    const int code = av_hwdevice_ctx_create(&device, AV_HWDEVICE_TYPE_VAAPI,
                                            node.c_str(), nullptr, 0);
    if (code >= 0) return BufferPtr(device);
    if (!reasons.empty()) reasons += "; ";
    reasons += node + ": " + log.Reason(code);
  }
  return NoVaDisplay(reasons);
}

void Interleave(const AVFrame& planar, AVFrame& nv12) {
  for (int y = 0; y < planar.height; ++y) {
    std::memcpy(nv12.data[0] + ptrdiff_t{y} * nv12.linesize[0],
                planar.data[0] + ptrdiff_t{y} * planar.linesize[0],
                planar.width);
  }
  for (int y = 0; y < planar.height / 2; ++y) {
    const uint8_t* blue = planar.data[1] + ptrdiff_t{y} * planar.linesize[1];
    const uint8_t* red = planar.data[2] + ptrdiff_t{y} * planar.linesize[2];
    uint8_t* out = nv12.data[1] + ptrdiff_t{y} * nv12.linesize[1];
    for (int x = 0; x < planar.width / 2; ++x) {
      *out++ = blue[x];
      *out++ = red[x];
    }
  }
}

class FfmpegBackend final : public EncoderBackend {
 public:
  FfmpegBackend(const EncoderSettings& settings, const BackendOptions& options)
      : settings_(settings), options_(options) {}

  absl::Status Open();
  absl::StatusOr<AccessUnit> Encode(AVFrame& frame) override;
  std::string description() const override {
    return absl::StrFormat("%s %s %s", settings_.name, settings_.label,
                           options_.chroma == Chroma::k444 ? "4:4:4" : "4:2:0");
  }

 private:
  void SetStream();
  absl::Status SetOptions();
  absl::Status MakeInput();
  absl::Status MakeHardwareFrames();
  // `frame` as the encoder wants it.
  absl::StatusOr<const AVFrame*> Prepare(AVFrame& frame);
  absl::StatusOr<AccessUnit> TakeAccessUnit();
  absl::Status Error(const char* tried, const std::string& reason) const {
    return absl::InternalError(
        absl::StrFormat("%s: %s: %s", settings_.name, tried, reason));
  }

  const EncoderSettings& settings_;
  const BackendOptions options_;
  BufferPtr device_;           // null but for VA
  BufferPtr hardware_frames_;  // null but for VA
  FramePtr nv12_;              // null where planes are taken as they are
  FramePtr uploaded_;          // null but for VA
  PacketPtr packet_;
  ContextPtr context_;
};

void FfmpegBackend::SetStream() {
  AVCodecContext& context = *context_;
  context.width = options_.size.width_px;
  context.height = options_.size.height_px;
  context.pix_fmt =
      options_.chroma == Chroma::k444 ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P;
  if (settings_.input == InputFormat::kNv12) context.pix_fmt = AV_PIX_FMT_NV12;
  context.color_range = AVCOL_RANGE_MPEG;
  context.colorspace = AVCOL_SPC_BT709;
  context.color_primaries = AVCOL_PRI_BT709;
  context.color_trc = AVCOL_TRC_BT709;
  context.time_base = {1, std::max(1, options_.max_rate_hz)};
  context.framerate = {std::max(1, options_.max_rate_hz), 1};
  context.gop_size = kMaxPicturesBetweenKeyframes;
  context.flags |= AV_CODEC_FLAG_CLOSED_GOP | AV_CODEC_FLAG_LOW_DELAY;
  context.max_b_frames = 0;
  context.thread_count = ThreadsFor(options_.size);
  if (options_.chroma == Chroma::k444) {
    if (settings_.codec == VideoCodec::kVp9) {
      context.profile = FF_PROFILE_VP9_1;
    } else if (settings_.codec == VideoCodec::kAv1) {
      context.profile = FF_PROFILE_AV1_HIGH;
    }
  }
}

absl::Status FfmpegBackend::SetOptions() {
  auto options = settings_.options;
  const std::string quality = QualityValue(
      settings_, options_.quality, options_.size.AreaPx(), options_.plane_px);
  options.emplace_back(settings_.quality_option, quality.c_str());
  if (context_->thread_count > 1) {
    options.insert(options.end(), settings_.threaded_options.begin(),
                   settings_.threaded_options.end());
  }
  for (const auto& [name, value] : options) {
    const AvLogCapture log;
    const int code =
        av_opt_set(context_.get(), name, value, AV_OPT_SEARCH_CHILDREN);
    if (code < 0) {
      return Error("setting it",
                   absl::StrFormat("%s=%s: %s", name, value, log.Reason(code)));
    }
  }
  return absl::OkStatus();
}

absl::Status FfmpegBackend::MakeInput() {
  if (settings_.needs_va && RenderNodes().empty()) {
    return NoVaDisplay(RenderNode(0) + " does not exist");
  }
  if (settings_.input == InputFormat::kPlanar) return absl::OkStatus();
  nv12_.reset(av_frame_alloc());
  if (nv12_ == nullptr) return absl::ResourceExhaustedError("no memory");
  nv12_->format = AV_PIX_FMT_NV12;
  nv12_->width = options_.size.width_px;
  nv12_->height = options_.size.height_px;
  if (av_frame_get_buffer(nv12_.get(), 0) < 0) {
    return absl::ResourceExhaustedError("no memory for a picture");
  }
  if (settings_.input == InputFormat::kNv12) return absl::OkStatus();
  return MakeHardwareFrames();
}

absl::Status FfmpegBackend::MakeHardwareFrames() {
  ASSIGN_OR_RETURN(device_, OpenVaDevice());
  hardware_frames_.reset(av_hwframe_ctx_alloc(device_.get()));
  uploaded_.reset(av_frame_alloc());
  if (hardware_frames_ == nullptr || uploaded_ == nullptr) {
    return absl::ResourceExhaustedError("no memory");
  }
  auto* const frames =
      reinterpret_cast<AVHWFramesContext*>(hardware_frames_->data);
  frames->format = AV_PIX_FMT_VAAPI;
  frames->sw_format = AV_PIX_FMT_NV12;
  frames->width = options_.size.width_px;
  frames->height = options_.size.height_px;
  frames->initial_pool_size = kHardwarePictures;
  const AvLogCapture log;
  const int code = av_hwframe_ctx_init(hardware_frames_.get());
  if (code < 0) return Error("making pictures in the GPU", log.Reason(code));
  context_->pix_fmt = AV_PIX_FMT_VAAPI;
  context_->hw_frames_ctx = av_buffer_ref(hardware_frames_.get());
  if (context_->hw_frames_ctx == nullptr) {
    return absl::ResourceExhaustedError("no memory");
  }
  return absl::OkStatus();
}

absl::Status FfmpegBackend::Open() {
  const AVCodec* const codec = avcodec_find_encoder_by_name(settings_.name);
  if (codec == nullptr) {
    return absl::UnimplementedError(
        absl::StrFormat("this machine's FFmpeg has no %s", settings_.name));
  }
  const bool x264 = settings_.name == std::string("libx264");
  context_ = ContextPtr(avcodec_alloc_context3(codec), FreeContext{x264});
  packet_.reset(av_packet_alloc());
  if (context_ == nullptr || packet_ == nullptr) {
    return absl::ResourceExhaustedError("no memory for an encoder");
  }
  SetStream();
  RETURN_IF_ERROR(MakeInput());
  RETURN_IF_ERROR(SetOptions());
  const AvLogCapture log;
  const int code = OpenContext(context_.get(), codec, x264);
  if (code < 0) return Error("opening it", log.Reason(code));
  return absl::OkStatus();
}

absl::StatusOr<const AVFrame*> FfmpegBackend::Prepare(AVFrame& frame) {
  if (settings_.input == InputFormat::kPlanar) return &frame;
  if (av_frame_make_writable(nv12_.get()) < 0) {
    return absl::ResourceExhaustedError("no memory for a picture");
  }
  Interleave(frame, *nv12_);
  AVFrame* input = nv12_.get();
  if (settings_.input == InputFormat::kVaapi) {
    const AvLogCapture log;
    input = uploaded_.get();
    av_frame_unref(input);
    int code = av_hwframe_get_buffer(hardware_frames_.get(), input, 0);
    if (code >= 0) code = av_hwframe_transfer_data(input, nv12_.get(), 0);
    if (code < 0) return Error("giving the GPU a picture", log.Reason(code));
  }
  const int code = av_frame_copy_props(input, &frame);
  if (code < 0) return absl::ResourceExhaustedError("no memory");
  return input;
}

absl::StatusOr<AccessUnit> FfmpegBackend::Encode(AVFrame& frame) {
  ASSIGN_OR_RETURN(const AVFrame* const input, Prepare(frame));
  const AvLogCapture log;
  const int code = avcodec_send_frame(context_.get(), input);
  if (code < 0) return Error("taking a picture", log.Reason(code));
  return TakeAccessUnit();
}

absl::StatusOr<AccessUnit> FfmpegBackend::TakeAccessUnit() {
  const AvLogCapture log;
  int code = avcodec_receive_packet(context_.get(), packet_.get());
  if (code == AVERROR(EAGAIN)) {
    return Error("encoding a picture", "it held the picture back");
  }
  if (code < 0) return Error("encoding a picture", log.Reason(code));
  AccessUnit unit{.bytes = std::make_shared<const std::vector<uint8_t>>(
                      packet_->data, packet_->data + packet_->size),
                  .keyframe = (packet_->flags & AV_PKT_FLAG_KEY) != 0};
  av_packet_unref(packet_.get());
  code = avcodec_receive_packet(context_.get(), packet_.get());
  if (code == AVERROR(EAGAIN)) return unit;
  av_packet_unref(packet_.get());
  return Error("encoding a picture", "it made more than one access unit of it");
}

}  // namespace

absl::StatusOr<std::unique_ptr<EncoderBackend>> OpenFfmpegBackend(
    const EncoderSettings& settings, const BackendOptions& options) {
  auto backend = std::make_unique<FfmpegBackend>(settings, options);
  RETURN_IF_ERROR(backend->Open());
  return backend;
}

}  // namespace oriel::encoder
