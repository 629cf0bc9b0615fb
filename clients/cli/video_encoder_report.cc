#include "clients/cli/video_encoder_report.h"

#include "clients/cli/table.h"

namespace oriel::clients {
namespace {

const char* CodecName(v1::VideoCodec codec) {
  switch (codec) {
    case v1::VIDEO_CODEC_H264:
      return "h264";
    case v1::VIDEO_CODEC_VP9:
      return "vp9";
    case v1::VIDEO_CODEC_AV1:
      return "av1";
    default:
      return "unknown";
  }
}

}  // namespace

std::string VideoEncoderTable(const std::vector<v1::VideoEncoder>& encoders,
                              bool coloured) {
  std::vector<TableRow> rows = {
      TitleRow({"VIDEO ENCODER", "CODEC", "RUNS ON", "USABLE"}, coloured)};
  for (const v1::VideoEncoder& encoder : encoders) {
    rows.push_back(
        {Printable(encoder.name()), CodecName(encoder.codec()),
         encoder.hardware() ? "GPU" : "processor",
         encoder.usable() ? "yes" : "no: " + Printable(encoder.reason())});
  }
  return FormatTable(rows);
}

nlohmann::json VideoEncoderJson(const v1::VideoEncoder& encoder) {
  return {{"name", encoder.name()},
          {"codec", CodecName(encoder.codec())},
          {"hardware", encoder.hardware()},
          {"usable", encoder.usable()},
          {"reason", encoder.reason()}};
}

}  // namespace oriel::clients
