#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/picture/damage.h"
#include "encoder/lossless/patch_compressor.h"
#include "encoder/update_encoder.h"

namespace oriel::encoder {

// Fills, copies of what scrolled, and zstd patches, intra or with the
// reference's pixels as prefix: exact always. Thread-compatible.
class LosslessEncoder : public UpdateEncoder {
 public:
  absl::StatusOr<EncodeResult> Encode(const EncodeRequest& request) override;
  JoinBy join_by() const override { return JoinBy::kCatchUp; }
  bool exact() const override { return true; }
  std::string description() const override { return "zstd level 1"; }

 private:
  PatchCompressor compressor_;
};

}  // namespace oriel::encoder
