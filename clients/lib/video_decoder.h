#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/picture/picture.h"
#include "base/picture/rect.h"
#include "oriel/v1/streaming.pb.h"

struct AVCodecContext;
struct AVFrame;
struct AVPacket;
struct SwsContext;

namespace oriel::clients {

// One stream of H.264, VP9 or AV1 in 4:2:0 or 4:4:4, decoded without delay: a
// picture for each access unit.
// After an error it must start again with a keyframe, in a new object.
// Thread-compatible; FFmpeg uses slice threads of its own for large pictures.
class VideoDecoder {
 public:
  // `size` is the patch's; what the stream codes beyond it is cut off.
  // kUnimplemented: this machine's FFmpeg has no decoder for it.
  static absl::StatusOr<std::unique_ptr<VideoDecoder>> Make(
      v1::VideoCodec codec, Size size);
  ~VideoDecoder();

  // BGRX, valid until the next call. kInvalidArgument: the access unit is
  // damaged (as far as VP9's decoder notices), has not exactly one picture, or
  // one of another size or format.
  absl::StatusOr<PictureView> Decode(std::span<const uint8_t> access_unit);

  v1::VideoCodec codec() const { return codec_; }
  Size size() const { return size_; }

 private:
  struct FreeContext {
    void operator()(AVCodecContext* context) const;
  };
  struct FreeFrame {
    void operator()(AVFrame* frame) const;
  };
  struct FreePacket {
    void operator()(AVPacket* packet) const;
  };
  struct FreeSws {
    void operator()(SwsContext* context) const;
  };

  VideoDecoder(v1::VideoCodec codec, Size size);
  absl::Status Open();
  absl::Status DecodeFrame(std::span<const uint8_t> access_unit);
  absl::Status CheckNoMore();
  absl::Status CheckFrame() const;
  absl::Status PrepareConverter();

  absl::Status Invalid(const std::string& why) const;

  const v1::VideoCodec codec_;
  const Size size_;
  const Size coded_size_;
  const size_t stride_bytes_;
  std::vector<uint8_t> pixels_;
  std::unique_ptr<AVCodecContext, FreeContext> context_;
  std::unique_ptr<AVPacket, FreePacket> packet_;
  std::unique_ptr<AVFrame, FreeFrame> frame_;
  std::unique_ptr<SwsContext, FreeSws> converter_;
  // What converter_ was made for.
  int converter_format_ = -1;
  int converter_range_ = -1;
};

}  // namespace oriel::clients
