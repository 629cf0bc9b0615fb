#include "encoder/update_encoder.h"

namespace oriel::encoder {

absl::StatusOr<EncodeResult> EncodeIntra(const BandedPicture&, const Damage&,
                                         size_t) {
  return absl::UnimplementedError("no encoder is built in yet");
}

}  // namespace oriel::encoder
