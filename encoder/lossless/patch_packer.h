#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/picture/banded_picture.h"
#include "base/picture/damage.h"
#include "base/picture/rect.h"
#include "encoder/lossless/patch_compressor.h"
#include "encoder/update_encoder.h"

namespace oriel::encoder {

// Cuts rectangles into patches until the payload is used up, and keeps the
// account of what is done. Everything given outlives it. Thread-compatible.
class PatchPacker {
 public:
  // Without a reference all patches are intra.
  PatchPacker(PatchCompressor& compressor, const BandedPicture& picture,
              const BandedPicture* reference, size_t max_payload_bytes);

  // `rect` is inside the picture and meets none that was given before.
  absl::Status Add(const Rect& rect);
  // The same pixels stood source_dy_px further down in the reference.
  void AddCopy(const Rect& rect, int32_t source_dy_px);
  bool full() const { return full_; }

  // `damage` is what all the given rectangles were made from.
  EncodeResult Finish(const Damage& damage) &&;

 private:
  // Nullopt: it does not fit.
  absl::StatusOr<std::optional<Patch>> Compress(const Rect& rect);
  absl::StatusOr<std::optional<Patch>> CompressSmall(const Rect& rect,
                                                     const Rect& prefix);
  absl::StatusOr<bool> DeltaGains(const Rect& rect, const Rect& prefix);
  void Emit(Patch patch);

  PatchCompressor& compressor_;
  const BandedPicture& picture_;
  const BandedPicture* const reference_;
  size_t left_bytes_;
  bool full_ = false;
  EncodeResult result_;
  Damage left_;
  Damage emitted_;
};

}  // namespace oriel::encoder
