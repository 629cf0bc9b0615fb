#include "base/status_macros.h"
#include "encoder/lossless/coalesce.h"
#include "encoder/lossless/patch_maker.h"
#include "encoder/lossless/patch_packer.h"
#include "encoder/update_encoder.h"

namespace oriel::encoder {

absl::StatusOr<EncodeResult> EncodeIntra(const BandedPicture& picture,
                                         const Damage& damage,
                                         size_t max_payload_bytes) {
  // A context weighs 0.6 MB and costs more to make than a small patch.
  thread_local Coalescer coalescer;
  thread_local PatchPacker packer;
  packer.Start(max_payload_bytes);
  RETURN_IF_ERROR(
      packer.Add({.picture = picture}, coalescer.Coalesce(damage.Rects())));
  return packer.Finish(damage);
}

}  // namespace oriel::encoder
