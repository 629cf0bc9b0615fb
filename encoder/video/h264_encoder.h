#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "encoder/update_encoder.h"
#include "encoder/video/yuv_picture.h"

struct AVCodecContext;
struct AVPacket;

namespace oriel::encoder {

// The whole plane as H.264 4:2:0 through libx264: one access unit (Annex B,
// parameter sets before each keyframe) per call, BT.709 in limited range.
// Thread-compatible; libx264 runs slice threads of its own.
class H264Encoder : public UpdateEncoder {
 public:
  // kInvalidArgument: a size that H.264 cannot have. kInternal: libx264 did
  // not open.
  static absl::StatusOr<std::unique_ptr<UpdateEncoder>> Make(
      const EncoderOptions& options);
  ~H264Encoder() override;

  // After an error the encoder is opened anew and starts with a keyframe.
  absl::StatusOr<EncodeResult> Encode(const EncodeRequest& request) override;
  JoinBy join_by() const override { return JoinBy::kKeyframe; }
  bool exact() const override { return false; }
  std::string description() const override;

 private:
  struct FreeContext {
    void operator()(AVCodecContext* context) const;
  };
  struct FreePacket {
    void operator()(AVPacket* packet) const;
  };
  using ContextPtr = std::unique_ptr<AVCodecContext, FreeContext>;

  explicit H264Encoder(const EncoderOptions& options) : options_(options) {}

  static absl::StatusOr<ContextPtr> Open(const EncoderOptions& options);
  absl::StatusOr<Patch> EncodePicture(const EncodeRequest& request);
  // The access unit of the one picture that was sent.
  absl::StatusOr<Patch> TakeAccessUnit();

  const EncoderOptions options_;
  std::unique_ptr<YuvPicture> yuv_;
  // Null after an error, until the next call.
  ContextPtr context_;
  std::unique_ptr<AVPacket, FreePacket> packet_;
  // Nothing was encoded yet with this context_ or not all was converted.
  bool starts_anew_ = true;
  int64_t last_pts_us_ = 0;
};

}  // namespace oriel::encoder
