#include "encoder/video/encoder_settings.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "absl/strings/str_format.h"

namespace oriel::encoder {
namespace {

using Options = std::vector<std::pair<const char*, const char*>>;

// Finer, x264 spends bits that nobody sees.
constexpr double kFinest = 10;

Options NvencOptions() {
  return {{"preset", "p2"},    {"tune", "ull"},     {"zerolatency", "1"},
          {"delay", "0"},      {"bf", "0"},         {"rc", "constqp"},
          {"forced-idr", "1"}, {"no-scenecut", "1"}};
}

// Without qscale, global_quality would choose a rate control that looks ahead;
// with it, it is in units of FF_QP2LAMBDA (118).
Options QsvOptions() {
  return {{"preset", "veryfast"},
          {"async_depth", "1"},
          {"forced_idr", "1"},
          {"flags", "+qscale"}};
}

EncoderSettings Nvenc(const char* name, VideoCodec codec,
                      std::array<const char*, 3> qualities) {
  return {.name = name,
          .codec = codec,
          .label = "p2",
          .hardware = true,
          .quality_option = "qp",
          .qualities = qualities,
          .options = NvencOptions()};
}

EncoderSettings Qsv(const char* name, VideoCodec codec,
                    std::array<const char*, 3> qualities) {
  return {.name = name,
          .codec = codec,
          .label = "veryfast",
          .hardware = true,
          .needs_va = true,
          .input = InputFormat::kNv12,
          .quality_option = "global_quality",
          .qualities = qualities,
          .options = QsvOptions()};
}

EncoderSettings Vaapi(const char* name, VideoCodec codec,
                      const char* quality_option,
                      std::array<const char*, 3> qualities) {
  return {.name = name,
          .codec = codec,
          .label = "constant quality",
          .hardware = true,
          .needs_va = true,
          .input = InputFormat::kVaapi,
          .quality_option = quality_option,
          .qualities = qualities,
          .options = {{"rc_mode", "CQP"}, {"async_depth", "1"}}};
}

EncoderSettings X264() {
  return {.name = "libx264",
          .codec = VideoCodec::kH264,
          .label = "ultrafast",
          .has_444 = true,
          .quality_option = "crf",
          .qualities = {"28", "23", "18"},
          // Its CRF compares a picture's complexity with what it expects of so
          // many macroblocks: a film beside which all stands still comes out
          // finer than one of the whole plane. Measured.
          .per_halving = -2.0,
          .options = {
              {"preset", "ultrafast"},
              {"tune", "zerolatency"},
              {"forced-idr", "1"},
              {"sc_threshold", "0"},
              {"thread_type", "slice"},
              {"refs", "1"},
              // x264's own bound lets quantisers rise above what H.264 has
              // names for, and rows freeze.
              {"qmax", "51"},
              {"x264-params", "scenecut=0:weightp=0:repeat-headers=1:annexb=1"},
          }};
}

EncoderSettings LibVpx() {
  return {.name = "libvpx-vp9",
          .codec = VideoCodec::kVp9,
          .label = "realtime speed 8",
          .has_444 = true,
          .quality_option = "crf",
          .qualities = {"40", "32", "22"},
          .options = {{"deadline", "realtime"},
                      {"cpu-used", "8"},
                      {"row-mt", "1"},
                      {"lag-in-frames", "0"},
                      {"auto-alt-ref", "0"},
                      {"error-resilient", "0"},
                      {"frame-parallel", "0"},
                      {"tune-content", "screen"},
                      {"b", "0"}}};
}

// Not SVT-AV1: 1.4, Debian 12's, holds two pictures back whatever pred-struct
// and lookahead say, and makes no keyframe on request.
EncoderSettings LibAom() {
  return {.name = "libaom-av1",
          .codec = VideoCodec::kAv1,
          .label = "realtime speed 10",
          .has_444 = true,
          .quality_option = "crf",
          .qualities = {"43", "35", "25"},
          .options = {{"usage", "realtime"},
                      {"cpu-used", "8"},
                      // FFmpeg 5.1 takes no more than 8 for its own option.
                      // Text that scrolls weighs a tenth with the content tune;
                      // intra block copy costs more time than it saves bytes.
                      {"aom-params",
                       "cpu-used=10:tune-content=screen:enable-intrabc=0"},
                      {"row-mt", "1"},
                      {"lag-in-frames", "0"},
                      {"b", "0"}},
          .threaded_options = {{"tile-columns", "1"}}};
}

}  // namespace

std::span<const EncoderSettings> AllEncoderSettings() {
  static const std::vector<EncoderSettings> all = {
      Nvenc("h264_nvenc", VideoCodec::kH264, {"28", "23", "18"}),
      Qsv("h264_qsv", VideoCodec::kH264, {"3304", "2714", "2124"}),
      Vaapi("h264_vaapi", VideoCodec::kH264, "qp", {"28", "23", "18"}),
      X264(),
      Qsv("vp9_qsv", VideoCodec::kVp9, {"14160", "10620", "7080"}),
      Vaapi("vp9_vaapi", VideoCodec::kVp9, "global_quality",
            {"120", "90", "60"}),
      LibVpx(),
      Nvenc("av1_nvenc", VideoCodec::kAv1, {"120", "90", "60"}),
      Qsv("av1_qsv", VideoCodec::kAv1, {"14160", "10620", "7080"}),
      Vaapi("av1_vaapi", VideoCodec::kAv1, "global_quality",
            {"120", "90", "60"}),
      LibAom(),
  };
  return all;
}

std::string QualityValue(const EncoderSettings& settings, Quality quality,
                         int64_t area_px, int64_t plane_px) {
  // kLow is 1.
  const char* const value =
      settings.qualities[static_cast<size_t>(quality) - 1];
  if (settings.per_halving == 0 || plane_px <= area_px || area_px <= 0)
    return value;
  const double halvings = std::log2(double(plane_px) / double(area_px));
  return absl::StrFormat(
      "%.1f", std::max(kFinest, std::strtod(value, nullptr) +
                                    settings.per_halving * halvings));
}

}  // namespace oriel::encoder
