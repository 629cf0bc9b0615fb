#include <utility>

#include "base/status_macros.h"
#include "encoder/lossless/coalesce.h"
#include "encoder/lossless/patch_compressor.h"
#include "encoder/lossless/patch_packer.h"
#include "encoder/update_encoder.h"

namespace oriel::encoder {

absl::StatusOr<EncodeResult> EncodeIntra(const BandedPicture& picture,
                                         const Damage& damage,
                                         size_t max_payload_bytes) {
  // A context weighs 0.6 MB and costs more to make than a small patch.
  thread_local PatchCompressor compressor;
  PatchPacker packer(compressor, picture, nullptr, max_payload_bytes);
  for (const Rect& rect : Coalesce(damage.Rects())) {
    RETURN_IF_ERROR(packer.Add(rect));
  }
  return std::move(packer).Finish(damage);
}

}  // namespace oriel::encoder
