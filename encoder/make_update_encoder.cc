#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "encoder/lossless/lossless_encoder.h"
#include "encoder/update_encoder.h"
#include "encoder/video/h264_encoder.h"

namespace oriel::encoder {
namespace {

// More than any plane; keeps every product of sizes far from overflow.
constexpr int32_t kMaxSidePx = 16384;

}  // namespace

absl::StatusOr<std::unique_ptr<UpdateEncoder>> MakeUpdateEncoder(
    const EncoderOptions& options) {
  const Size size = options.size;
  if (size.empty() || size.width_px > kMaxSidePx ||
      size.height_px > kMaxSidePx) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "cannot encode a picture of %dx%d px: sides must be 1 to %d px",
        size.width_px, size.height_px, kMaxSidePx));
  }
  if (options.encoding == Encoding::kH264) return H264Encoder::Make(options);
  return std::make_unique<LosslessEncoder>(options.parallel_for);
}

}  // namespace oriel::encoder
