#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "encoder/update_encoder.h"
#include "encoder/video/video_stream.h"

namespace oriel::encoder {

// The whole plane as one video stream in 4:2:0, for recorders and simple
// clients: one access unit a call. Thread-compatible.
class WholePlaneEncoder : public UpdateEncoder {
 public:
  // Errors as VideoStream::Open.
  static absl::StatusOr<std::unique_ptr<UpdateEncoder>> Make(
      VideoCodec codec, const EncoderOptions& options);

  absl::StatusOr<EncodeResult> Encode(const EncodeRequest& request) override;
  JoinBy join_by() const override { return JoinBy::kKeyframe; }
  bool exact() const override { return false; }
  std::string description() const override { return stream_->description(); }

 private:
  explicit WholePlaneEncoder(std::unique_ptr<VideoStream> stream)
      : stream_(std::move(stream)) {}

  const std::unique_ptr<VideoStream> stream_;
};

}  // namespace oriel::encoder
