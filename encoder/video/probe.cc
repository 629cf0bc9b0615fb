#include "encoder/video/probe.h"

extern "C" {
#include <libavcodec/avcodec.h>
}

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "encoder/video/av_log_capture.h"
#include "encoder/video/av_ptr.h"
#include "encoder/video/encoder_settings.h"
#include "encoder/video/ffmpeg_backend.h"

namespace oriel::encoder {
namespace {

// Some GPUs take nothing smaller than 145 x 96 or so.
constexpr Size kSize = {320, 192};
constexpr double kLeastPsnrDb = 30;

// Coloured bars under a slope, so that swapped planes and shifted rows show.
BandedPicture TestPattern() {
  BandedPicture picture(kSize);
  for (int band = 0; band < picture.band_count(); ++band) {
    const Rect rect = picture.BandRect(band);
    uint8_t* out = picture.MutableBand(band);
    for (int32_t y = rect.y_px; y < rect.bottom_px(); ++y) {
      for (int32_t x = 0; x < kSize.width_px; ++x) {
        const int bar = x / 40;
        const int slope = y * 255 / kSize.height_px;
        *out++ = static_cast<uint8_t>((bar & 1) != 0 ? slope : 40);
        *out++ = static_cast<uint8_t>((bar & 2) != 0 ? 255 - slope : 90);
        *out++ = static_cast<uint8_t>((bar & 4) != 0 ? slope : 160);
        *out++ = 0xFF;
      }
    }
  }
  return picture;
}

int DecoderId(VideoCodec codec) {
  switch (codec) {
    case VideoCodec::kH264:
      return AV_CODEC_ID_H264;
    case VideoCodec::kVp9:
      return AV_CODEC_ID_VP9;
    case VideoCodec::kAv1:
      return AV_CODEC_ID_AV1;
  }
  return AV_CODEC_ID_NONE;
}

absl::StatusOr<AvPtr<AVFrame>> Decode(VideoCodec codec,
                                      const std::vector<uint8_t>& bytes) {
  const AVCodec* const decoder =
      avcodec_find_decoder(static_cast<AVCodecID>(DecoderId(codec)));
  if (decoder == nullptr) {
    return absl::UnimplementedError("this machine's FFmpeg cannot decode it");
  }
  const AvPtr<AVCodecContext> context(avcodec_alloc_context3(decoder));
  const AvPtr<AVPacket> packet(av_packet_alloc());
  AvPtr<AVFrame> frame(av_frame_alloc());
  if (context == nullptr || packet == nullptr || frame == nullptr ||
      av_new_packet(packet.get(), static_cast<int>(bytes.size())) < 0) {
    return absl::ResourceExhaustedError("no memory for a decoder");
  }
  std::memcpy(packet->data, bytes.data(), bytes.size());
  context->flags |= AV_CODEC_FLAG_LOW_DELAY;
  context->thread_count = 1;
  const AvLogCapture log;
  int code = avcodec_open2(context.get(), decoder, nullptr);
  if (code >= 0) code = avcodec_send_packet(context.get(), packet.get());
  if (code >= 0) code = avcodec_receive_frame(context.get(), frame.get());
  if (code < 0) {
    return absl::InternalError("what it encoded does not decode: " +
                               log.Reason(code));
  }
  return frame;
}

double PsnrDb(const AVFrame& a, const AVFrame& b) {
  double squares = 0;
  double samples = 0;
  for (int plane = 0; plane < 3; ++plane) {
    const int shift = plane == 0 ? 0 : 1;
    for (int y = 0; y < a.height >> shift; ++y) {
      for (int x = 0; x < a.width >> shift; ++x) {
        const double difference =
            double(a.data[plane][y * a.linesize[plane] + x]) -
            b.data[plane][y * b.linesize[plane] + x];
        squares += difference * difference;
        ++samples;
      }
    }
  }
  return 10 * std::log10(255 * 255 / std::max(squares / samples, 1e-9));
}

absl::Status CheckRoundTrip(const EncoderSettings& settings) {
  ASSIGN_OR_RETURN(const std::unique_ptr<EncoderBackend> backend,
                   OpenFfmpegBackend(settings, {.size = kSize}));
  ASSIGN_OR_RETURN(const std::unique_ptr<YuvPicture> yuv,
                   YuvPicture::Make(Rect::Of(kSize), Chroma::k420));
  yuv->Convert(TestPattern(), Damage(Rect::Of(kSize)));
  AVFrame& frame = *yuv->frame();
  frame.pts = 0;
  frame.pict_type = AV_PICTURE_TYPE_I;
  ASSIGN_OR_RETURN(const AccessUnit unit, backend->Encode(frame));
  if (!unit.keyframe) {
    return absl::InternalError("its first picture is no keyframe");
  }
  ASSIGN_OR_RETURN(const AvPtr<AVFrame> decoded,
                   Decode(settings.codec, *unit.bytes));
  if (decoded->width != kSize.width_px || decoded->height != kSize.height_px ||
      decoded->format != AV_PIX_FMT_YUV420P) {
    return absl::InternalError(absl::StrFormat(
        "it made %dx%d px in format %d of a picture of %dx%d px",
        decoded->width, decoded->height, decoded->format, kSize.width_px,
        kSize.height_px));
  }
  const double psnr_db = PsnrDb(*decoded, frame);
  if (psnr_db < kLeastPsnrDb) {
    return absl::InternalError(absl::StrFormat(
        "its picture is not the one that it was given (%.0f dB)", psnr_db));
  }
  return absl::OkStatus();
}

// A known encoder and what came of trying it.
class Candidate {
 public:
  explicit Candidate(const EncoderSettings& settings) : settings_(settings) {}

  const EncoderSettings& settings() const { return settings_; }

  const EncoderProbe& Probe() {
    std::call_once(once_, [this] {
      const Time begun = Clock::now();
      const absl::Status status = CheckRoundTrip(settings_);
      probe_ = {.name = settings_.name,
                .codec = settings_.codec,
                .hardware = settings_.hardware,
                .usable = status.ok(),
                .reason = std::string(status.message()),
                .duration = Clock::now() - begun};
    });
    return probe_;
  }

 private:
  const EncoderSettings& settings_;
  std::once_flag once_;
  EncoderProbe probe_;
};

const std::vector<std::unique_ptr<Candidate>>& Candidates() {
  static const auto* const candidates = [] {
    auto* made = new std::vector<std::unique_ptr<Candidate>>;
    for (const EncoderSettings& settings : AllEncoderSettings()) {
      made->push_back(std::make_unique<Candidate>(settings));
    }
    return made;
  }();
  return *candidates;
}

}  // namespace

std::vector<EncoderProbe> ProbeVideoEncoders() {
  std::vector<EncoderProbe> probes;
  for (const auto& candidate : Candidates()) {
    probes.push_back(candidate->Probe());
  }
  return probes;
}

std::vector<EncoderChoice> UsableEncoders(VideoCodec codec, Chroma chroma) {
  std::vector<EncoderChoice> choices;
  for (const auto& candidate : Candidates()) {
    const EncoderSettings& settings = candidate->settings();
    if (settings.codec != codec) continue;
    if (chroma == Chroma::k444 && !settings.has_444) continue;
    if (!candidate->Probe().usable) continue;
    choices.push_back({.name = settings.name,
                       .open = [&settings](const BackendOptions& options) {
                         return OpenFfmpegBackend(settings, options);
                       }});
  }
  return choices;
}

const char* CodecName(VideoCodec codec) {
  switch (codec) {
    case VideoCodec::kH264:
      return "h264";
    case VideoCodec::kVp9:
      return "vp9";
    case VideoCodec::kAv1:
      return "av1";
  }
  return "unknown";
}

}  // namespace oriel::encoder
